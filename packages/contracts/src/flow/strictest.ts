/** Which bounds count for a call: of those that it brings and those of its flow the stricter. */
import type { Flow } from "../serviceCall/Flow.ts"
import type { FlowFacts } from "./Flow.ts"

const least = (a: number | undefined, b: number | null | undefined): number | undefined =>
  a === undefined ? (b ?? undefined) : Math.min(a, b ?? a)

export const strictest = (
  own: Flow,
  defined: Pick<FlowFacts, "concurrency" | "ratePerSecond"> | null | undefined
): { readonly concurrency: number | undefined; readonly ratePerSecond: number | undefined } => ({
  concurrency: least(own.concurrency, defined?.concurrency),
  ratePerSecond: least(own.ratePerSecond, defined?.ratePerSecond)
})
