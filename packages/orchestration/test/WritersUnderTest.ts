/** The writers of all kinds over one store, what was heard from them, and what the store must look like whatever was asked. */
import { assert } from "@effect/vitest"
import type { BinRow } from "@dueline/contracts/bin/Bin"
import type { Command } from "@dueline/contracts/kinds"
import type { CustomerRow } from "@dueline/contracts/customer/Customer"
import type { Envelope } from "@dueline/contracts/Envelope"
import { Intents } from "@dueline/contracts/Intent"
import type { OrderRow, TimeWindow } from "@dueline/contracts/order/Order"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import type { WriterOptions } from "../src/engine/Writer.ts"
import * as Writers from "../src/Writers.ts"
import type { FaultyStore } from "./FaultyStore.ts"

export const writersOn = (store: Pick<MemoryStore["Service"], "persistence">, options: Partial<WriterOptions> = {}) =>
  Writers.make(options).pipe(
    Effect.provideService(Persistence, store.persistence),
    Effect.provideService(Intents, { publish: () => {}, subscribe: () => {} })
  )

type Heard = Effect.Success<ReturnType<Orchestrator["Service"]["ask"]>>
type Refused = Effect.Error<ReturnType<Orchestrator["Service"]["ask"]>>
/** An answer, a refusal, or null for a defect. */
export type Told = Heard | Refused | null

const toldBy = (exit: Exit.Exit<Heard, Refused>): Told =>
  Exit.isSuccess(exit) ? exit.value : Option.getOrNull(Cause.findErrorOption(exit.cause))

/** Asks all of them at the same moment, lets a minute pass for whatever retries there are, and hears the answers in order. */
export const askAll = Effect.fnUntraced(function* (
  { ask }: Orchestrator["Service"],
  envelopes: ReadonlyArray<Envelope<Command>>
) {
  const fibers = yield* Effect.forEach(envelopes, (one) => Effect.forkChild(ask(one), { startImmediately: true }))
  yield* TestClock.adjust("1 minute")
  return yield* Effect.forEach(fibers, (fiber) => Effect.map(Fiber.await(fiber), toldBy))
})

export const askOne = (writers: Orchestrator["Service"], envelope: Envelope<Command>) =>
  Effect.map(askAll(writers, [envelope]), ([told]) => told ?? null)

/** `OrderAccepted 2`, `OrderAccepted 2 replayed`, the tag of a refusal, or `defect`. */
export const said = (told: Told): string => {
  if (told === null) return "defect"
  return "outcome" in told ? `${told.outcome._tag} ${told.version}${told.replayed ? " replayed" : ""}` : told._tag
}

export const rowsIn = (store: FaultyStore) => {
  const { rows } = store.memory.dump()
  return {
    customers: rows.filter((row): row is CustomerRow => row._tag === "CustomerRow"),
    bins: rows.filter((row): row is BinRow => row._tag === "BinRow"),
    orders: rows.filter((row): row is OrderRow => row._tag === "OrderRow")
  }
}

export const overlap = (a: TimeWindow, b: TimeWindow): boolean => a.from < b.to && b.from < a.to

export const isActive = ({ status }: OrderRow): boolean => status === "Scheduled" || status === "Confirmed"

/** The rules between aggregates, over what is stored. */
export const assertRules = (store: FaultyStore): void => {
  const { bins, customers, orders } = rowsIn(store)
  const serials = bins.map(({ serialNumber, tenantId }) => `${tenantId}/${serialNumber}`)
  assert.deepStrictEqual(serials, [...new Set(serials)], "serial numbers are unique")
  const active = orders.filter(isActive)
  for (const [i, one] of active.entries()) {
    for (const other of active.slice(i + 1)) {
      if (one.binId !== other.binId || one.window === null || other.window === null) continue
      assert.isFalse(overlap(one.window, other.window), `${one.orderId} and ${other.orderId} hold ${one.binId}`)
    }
    assert.strictEqual(customers.find(({ customerId }) => customerId === one.customerId)?.status, "Active")
    const bin = bins.find(({ binId }) => binId === one.binId)
    assert.include(["Active", "Maintenance"], bin?.status)
    assert.include([null, one.customerId], bin?.customerId)
  }
}
