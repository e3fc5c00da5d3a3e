/** Which flow a call belongs to: the calls of one flow are made so many at once, and so many in a second, in the order of their due times. */
import { Schema } from "effect"

/** What a flow is called, in its tenant. */
export const FlowKey = Schema.String.check(
  Schema.isPattern(/^[A-Za-z0-9_.:=/-]{1,64}$/u, { description: "1 to 64 of letters, digits and _.:=/-" })
)

/** Attempts of one flow under way at once. */
export const FlowConcurrency = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_000 }))

/** Attempts of one flow that begin in a second, evenly spaced. */
export const FlowRate = Schema.Finite.check(Schema.isBetween({ minimum: 0.001, maximum: 1_000 }))

/** The limits are those of this call: it begins when fewer than `concurrency` of its flow are under way. What the flow itself says counts too. */
export const Flow = Schema.Struct({
  key: FlowKey,
  concurrency: Schema.optionalKey(FlowConcurrency),
  ratePerSecond: Schema.optionalKey(FlowRate)
}).annotate({
  identifier: "Flow",
  description:
    "Calls with one key: this one begins when fewer than `concurrency` of them are under way, and 1/`ratePerSecond` of a second after the one before"
})
export type Flow = typeof Flow.Type
