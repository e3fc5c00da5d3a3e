/** Everything that can be seen when a run is over, put together as its history. */
import { derivedTenantId } from "@dueline/identity/derivedId"
import { setTimeout as wait } from "node:timers/promises"
import type { BusListener } from "./BusListener.ts"
import { accepted } from "./Evidence.ts"
import type { History, StoredCall } from "./History.ts"
import { readLists, readSample } from "./readApi.ts"
import type { Run } from "./Run.ts"
import { readCalls, readDeadLetters, readOutbox } from "./Store.ts"

/** A group takes its place again at the latest when the broker has missed the member before for so long. */
const quietLimitMs = 20_000

const endings = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

/** Until the listener has heard of every end, or for as long as a message may take to find it. */
const heardAll = async ({ told }: BusListener, stored: ReadonlyArray<StoredCall>, limitMs: number): Promise<void> => {
  const expected = stored.flatMap(({ events }) => events.filter(({ type }) => endings.has(type))).length
  const limit = Date.now() + limitMs
  while (new Set(told.map(({ eventId }) => eventId)).size < expected && Date.now() < limit) await wait(100)
}

export const collect = async (run: Run, listener: BusListener | null): Promise<History> => {
  const { api, faults, load, options, stage, targets, tenants } = run
  const stored = await readCalls(stage.database)
  if (listener !== null) await heardAll(listener, stored, Math.min(quietLimitMs, options.restLimitMs))
  const submitted = load.operations.flatMap((operation) =>
    operation.kind === "submit" && accepted(operation) && operation.answer?.callId
      ? [{ tenant: operation.tenant, callId: operation.answer.callId }]
      : []
  )
  const outbox = await readOutbox(stage.database)
  const deadLetters = await readDeadLetters(stage.database)
  const verify = await stage.command("verify", "--json")
  const listed = await readLists(api, tenants)
  const readings = await readSample(api, options.seed, tenants, submitted)
  await Promise.all(stage.members.map((member) => faults.quit(member)))
  return {
    seed: options.seed,
    cast: stage.cast,
    tenants: [...tenants.keys()].map((name) => ({ name, id: derivedTenantId(name) })),
    operations: load.operations,
    arrivals: targets.arrivals,
    stored,
    listed,
    readings,
    told: listener?.told ?? null,
    outbox,
    deadLetters,
    incidents: stage.incidents,
    exits: faults.exits,
    verify
  }
}
