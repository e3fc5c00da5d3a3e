/** The range of a plan that looks back. */
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { PlanBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Result } from "effect"
import type { Denial } from "../requests/reject.ts"
import { invalid } from "../requests/requestBody.ts"

/** `from` ≤ time < `to`. */
export interface Range {
  readonly from: EpochMillis
  readonly to: EpochMillis
}

export const wrongFilter = (member: string, message: string): Result.Result<never, Denial<"invalid_request">> =>
  Result.fail(invalid([{ path: `body.filter.${member}`, message }]))

/** `later`: what becomes of what is later than now, which none of this is for. */
export const pastRange = (
  { from, to }: PlanBulkJob["filter"],
  at: number,
  later: string
): Result.Result<Range, Denial<"invalid_request">> => {
  const range = { from: parseInstant(from ?? "", "up"), to: parseInstant(to ?? "", "up") }
  if (range.to > at) return wrongFilter("to", `must not be later than now: ${later}`)
  if (range.from >= range.to) return wrongFilter("to", "must be later than `from`")
  return Result.succeed(range as Range)
}
