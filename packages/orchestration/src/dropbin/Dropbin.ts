/**
 * Payloads that came in become orders: a process manager that hears of each by its message, and finds those that nobody looked at in time in
 * the store, such as what a process that died had in hand.
 *
 * A message is acknowledged once its ingestion is in memory, and it may be lost from there: a payload whose host is slow or away holds up no
 * other message. What is due stands in the store.
 */
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import { DueIngestions } from "@dueline/contracts/ports/DueWork"
import { ack, consuming, type Delivery, EventBus } from "@dueline/contracts/ports/EventBus"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Clock, Effect, Layer, Option, Schema } from "effect"
import { byOne, type Shared } from "../dispatcher/whileLeading.ts"
import { type DropbinParts, type FetchPolicy, makeCarryOut } from "./carryOut.ts"
import { makePayloadDesk } from "./PayloadDesk.ts"

export interface DropbinOptions {
  readonly policy?: FetchPolicy
  /** Looked at at once; of one tenant a quarter of them, half of those of one host. Default 32. */
  readonly places?: number
  /** Milliseconds between two looks into the store. Default 5 s. */
  readonly everyMs?: number
  /** Where several processes do this: one at a time looks into the store, and leaves alone what another may have in hand. */
  readonly shared?: Shared
}

/** Found in the store at once, and of one tenant. */
const pageLimit = 2_048
const pageEach = 512
/** A look takes less: the fetch has its time-out, and the store its own. What is overdue by more was left by a process that is gone. */
const inHandMs = 60_000
const leaseMs = 15_000

export const make = Effect.fnUntraced(function* (parts: DropbinParts, options: DropbinOptions = {}) {
  const { everyMs = 5_000, places = 32, policy, shared = null } = options
  const due = yield* DueIngestions
  const bus = yield* EventBus
  const desk = yield* makePayloadDesk(yield* makeCarryOut(parts, policy), places)
  const { payloadsInHand } = yield* Metrics
  payloadsInHand.read = desk.size

  const sweep = Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - (shared === null ? 0 : inHandMs)
    const found = yield* due.due({ before, each: pageEach, limit: pageLimit })
    for (const one of found) desk.take(one)
  }).pipe(orLogged("warning", "payloads that are due could not be read; it is tried again"))

  const handler = ({ payload, streamId, tenantId }: Delivery) =>
    Effect.map(CurrentTrace, (trace) => {
      const target = targetIn(payload)
      if (target !== null) desk.take({ tenantId, ingestionId: streamId as string as IngestionId, target }, trace)
      return ack
    })
  yield* consuming(bus, { group: "dropbin", topics: ["ops.ingestion.received"] }, handler)
  yield* consuming(bus, { group: "dropbin", topics: ["ops.ingestion.replayed"] }, handler)
  const leadership = { name: "dropbin", ttlMs: Math.max(leaseMs, 3 * everyMs), extendMs: everyMs, retryMs: everyMs }
  yield* Effect.forkScoped(
    byOne(shared, leadership, () => Effect.forever(Effect.andThen(sweep, Effect.sleep(everyMs))))
  )
  return desk
})

const decodeMessage = Schema.decodeUnknownOption(
  Schema.Struct({
    ingestion: Schema.Struct({
      dropbin: Schema.Struct({ reference: Schema.NullOr(Schema.Struct({ uri: Schema.String })) })
    })
  })
)

/** Of a message about a payload. Null for couriers' events, which have the same topic and a process manager of their own. */
const targetIn = (message: unknown): string | null =>
  Option.match(decodeMessage(message), {
    onNone: () => null,
    onSome: ({ ingestion }) => targetOf(ingestion.dropbin.reference?.uri ?? "")
  })

/** Works until the scope closes. */
export const layer = (parts: DropbinParts, options?: DropbinOptions) => Layer.effectDiscard(make(parts, options))
