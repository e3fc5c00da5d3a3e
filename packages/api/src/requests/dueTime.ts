/** When a call is to be made, from what the caller wrote. */
import { parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Result } from "effect"
import { type Denial, denied } from "./refusal.ts"

/** Ten years: further away it is more likely a mistake than a plan. */
export const maxAheadMs = 3_653 * 86_400_000

interface When {
  readonly dueAt?: string
  readonly delay?: number | string
}

/** Epoch milliseconds, never before `now`: a time in the past means now. `part`: where `when` stands in the request. */
export const dueTime = (
  when: When,
  now: number,
  part = "body"
): Result.Result<EpochMillis, Denial<"due_at_out_of_range">> => {
  const asked = when.dueAt !== undefined ? parseInstant(when.dueAt, "up") : now + parseDelay(when.delay ?? 0)
  if (asked > now + maxAheadMs) {
    const path = when.dueAt !== undefined ? `${part}.dueAt` : `${part}.delay`
    return Result.fail(
      denied("due_at_out_of_range", "The due time may be ten years from now at the most.", {
        errors: [{ path, message: "is more than ten years ahead" }]
      })
    )
  }
  return Result.succeed(Math.max(asked, now) as EpochMillis)
}
