/** Commands about one flow, and random lives of it. */
import { type FlowCommand, FlowId } from "@dueline/contracts/flow/Flow"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field
export const flowId = FlowId.make("00000000-0000-7000-8000-f10000000001")

export const define = (concurrency: number | null, at = 0): FlowCommand => ({
  _tag: "DefineFlow",
  flowId,
  at: ms(t0 + at),
  key: "stripe",
  concurrency,
  ratePerSecond: null,
  origin
})
export const remove = (at = 10): FlowCommand => ({ _tag: "RemoveFlow", flowId, at: ms(t0 + at) })

export const FlowStory = Schema.Array(
  Schema.Struct({
    what: Schema.Literals(["define", "define", "remove"]),
    concurrency: Schema.NullOr(Schema.Literals([1, 5]))
  })
)

export const flowCommands = (story: typeof FlowStory.Type): ReadonlyArray<FlowCommand> =>
  story.map(({ concurrency, what }, at) => (what === "define" ? define(concurrency, at) : remove(at)))
