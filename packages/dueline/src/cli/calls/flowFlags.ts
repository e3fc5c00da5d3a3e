/** Which flow calls belong to, as flags: `--flow`, `--flow-concurrency`, `--flow-rate`. */
import { FlowKey, FlowRate } from "@dueline/contracts/serviceCall/Spec"
import { Effect, Schema } from "effect"
import * as Flag from "effect/cli/Flag"
import { optional, textFlag, wholeNumber, withoutUndefined } from "../flags.ts"
import { usage } from "../Shell.ts"

/** So many calls in a second. */
export const rateOfFlow = (name: string, description: string): Flag.Flag<number | undefined> =>
  optional(
    Flag.Finite(name).pipe(
      Flag.filter(Schema.is(FlowRate), () => "0.001 to 1000"),
      Flag.withMetavar("number"),
      Flag.withDescription(description)
    )
  )

export const flowFlags = {
  flow: optional(
    textFlag("flow", FlowKey, "1 to 64 letters, digits and _.:=/-").pipe(
      Flag.withMetavar("key"),
      Flag.withDescription("Calls with one key are made so many at once and in a second, by due time")
    )
  ),
  flowConcurrency: optional(wholeNumber("flow-concurrency", "Of --flow: so many at once", 1, 1_000)),
  flowRate: rateOfFlow("flow-rate", "Of --flow: so many in a second, evenly spaced")
}

export interface FlowInput {
  readonly flow: string | undefined
  readonly flowConcurrency: number | undefined
  readonly flowRate: number | undefined
}

export const flowOf = ({ flow: key, flowConcurrency: concurrency, flowRate: ratePerSecond }: FlowInput) => {
  if (key !== undefined) return Effect.succeed({ key, ...withoutUndefined({ concurrency, ratePerSecond }) })
  return concurrency === undefined && ratePerSecond === undefined
    ? Effect.succeed(undefined)
    : usage("--flow-concurrency and --flow-rate go with --flow")
}
