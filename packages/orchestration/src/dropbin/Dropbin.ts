/**
 * Payloads that came in become orders: a process manager that hears of each by its message, and finds those that nobody looked at in time in
 * the store, such as what a process that died had in hand.
 *
 * A message is acknowledged once its ingestion is in memory, and it may be lost from there: a payload whose host is slow or away holds up
 * neither its tenant's other payloads nor other messages. What is due stands in the store.
 */
import { type Backoff, backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { TenantId } from "@dueline/contracts/Ids"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import { DueIngestions } from "@dueline/contracts/ports/DueIngestions"
import { ack, type Delivery, EventBus } from "@dueline/contracts/ports/EventBus"
import type { Leases } from "@dueline/contracts/ports/Leases"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { TenantLines } from "@dueline/contracts/TenantLines"
import { Cause, Clock, Effect, FiberSet, Layer } from "effect"
import { type DropbinParts, type FetchPolicy, type Look, makeCarryOut, type NotNow } from "./carryOut.ts"

export interface DropbinOptions {
  readonly policy?: FetchPolicy
  /** Looked at at once; of one tenant a quarter of them. Default 32. */
  readonly places?: number
  /** Milliseconds between two looks into the store. Default 5 s. */
  readonly everyMs?: number
  /** Where several processes do this: one at a time looks into the store, and leaves alone what another may have in hand. */
  readonly shared?: { readonly leases: Leases["Service"]; readonly holder: string } | null
}

/** In memory, waiting for their turn or their time. Those beyond stay in the store until there is room. */
const roomFor = 4_096
/** Found in the store at once, and of one tenant. */
const pageLimit = 2_048
const pageEach = 512
/** A look takes less: the fetch has its time-out, and the store its own. What is overdue by more was left by a process that is gone. */
const inHandMs = 60_000
const leaseMs = 15_000
const leaseName = "dropbin"

interface Waiting {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  /** Looks in a row at which the store could not be asked. */
  readonly notNow: number
}

const storeBackoff: Backoff = defaultBackoff

type CarryOut = (tenantId: TenantId, ingestionId: IngestionId) => Effect.Effect<Look, NotNow>

/** What is in memory: turns of tenants, a bounded number at once, and those that wait for their time. */
export const makeDesk = Effect.fnUntraced(function* (carryOut: CarryOut, places: number) {
  const run = yield* FiberSet.makeRuntime<never>()
  const lines = new TenantLines<Waiting>(roomFor)
  const known = new Set<string>()
  const active = new Map<TenantId, number>()
  let busy = 0
  const each = Math.max(1, Math.floor(places / 4))
  const keyOf = ({ ingestionId, tenantId }: Omit<Waiting, "notNow">) => `${tenantId}/${ingestionId}`

  const forget = (one: Waiting): void => void known.delete(keyOf(one))

  /** Without room it is left to the store. */
  const wait = (one: Waiting): void => {
    if (!lines.push(one.tenantId, one)) return forget(one)
    next()
  }

  const later = (one: Waiting, ms: number) =>
    Effect.andThen(
      Effect.sleep(ms),
      Effect.sync(() => wait(one))
    )

  const look = (one: Waiting): Effect.Effect<void> =>
    Effect.matchEffect(carryOut(one.tenantId, one.ingestionId), {
      onFailure: ({ reason }) =>
        Effect.gen(function* () {
          const notNow = one.notNow + 1
          const { ingestionId, tenantId } = one
          yield* Effect.logWarning("a payload has to wait; it is looked at again", { tenantId, ingestionId, reason })
          const ms = yield* backoff(storeBackoff, notNow)
          yield* Effect.sync(() => run(later({ ...one, notNow }, ms)))
        }),
      onSuccess: ({ afterMs }) =>
        Effect.sync(() => {
          if (afterMs === null) forget(one)
          else run(later({ ...one, notNow: 0 }, afterMs))
        })
    }).pipe(
      Effect.catchCause((cause) => {
        forget(one)
        return Cause.hasInterrupts(cause)
          ? Effect.interrupt
          : Effect.logError("a payload could not be looked at; it is tried again", cause)
      }),
      Effect.ensuring(
        Effect.sync(() => {
          busy -= 1
          const left = (active.get(one.tenantId) ?? 1) - 1
          if (left === 0) active.delete(one.tenantId)
          else active.set(one.tenantId, left)
          next()
        })
      )
    )

  const next = (): void => {
    while (busy < places) {
      const one = lines.shift((tenantId) => (active.get(tenantId) ?? 0) < each)
      if (one === undefined) return
      busy += 1
      active.set(one.tenantId, (active.get(one.tenantId) ?? 0) + 1)
      run(look(one))
    }
  }

  return {
    /** False when there is no room: it stays in the store. */
    take: (tenantId: TenantId, ingestionId: IngestionId): boolean => {
      const one = { tenantId, ingestionId, notNow: 0 }
      const key = keyOf(one)
      if (known.has(key)) return true
      if (known.size >= roomFor) return false
      known.add(key)
      wait(one)
      return known.has(key)
    },
    size: (): number => known.size
  }
})

export const make = Effect.fnUntraced(function* (parts: DropbinParts, options: DropbinOptions = {}) {
  const { everyMs = 5_000, places = 32, policy, shared = null } = options
  const due = yield* DueIngestions
  const bus = yield* EventBus
  const desk = yield* makeDesk(yield* makeCarryOut(parts, policy), places)
  const { payloadsInHand } = yield* Metrics
  payloadsInHand.read = desk.size

  const leads =
    shared === null
      ? Effect.succeed(true)
      : shared.leases.take({ name: leaseName, holder: shared.holder, ttlMs: Math.max(leaseMs, 3 * everyMs) })

  const sweep = Effect.gen(function* () {
    if (!(yield* leads)) return
    const before = (yield* Clock.currentTimeMillis) - (shared === null ? 0 : inHandMs)
    const found = yield* due.due({ before, each: pageEach, limit: pageLimit })
    for (const { ingestionId, tenantId } of found) if (!desk.take(tenantId, ingestionId)) return
  }).pipe(
    Effect.catchCause((cause) =>
      Cause.hasInterrupts(cause)
        ? Effect.interrupt
        : logUnlessStoreTrouble("warning", "payloads that are due could not be read; it is tried again", cause)
    )
  )

  yield* bus.consume(
    { group: "dropbin", topics: ["ops.ingestion.received"] },
    ({ payload, streamId, tenantId }: Delivery) =>
      Effect.sync(() => {
        if (isPayload(payload)) desk.take(tenantId, streamId as string as IngestionId)
        return ack
      })
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(sweep, Effect.sleep(everyMs))))
  return desk
})

/** Couriers' events have the same topic and a process manager of their own. */
const isPayload = (message: unknown): boolean =>
  typeof message === "object" &&
  message !== null &&
  "ingestion" in message &&
  typeof message.ingestion === "object" &&
  message.ingestion !== null &&
  "dropbin" in message.ingestion

/** Works until the scope closes. */
export const layer = (parts: DropbinParts, options?: DropbinOptions) => Layer.effectDiscard(make(parts, options))
