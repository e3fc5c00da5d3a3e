/** Attempts come a little before their time, so that all is at hand then: what they wait for. */
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import { type Clock, Effect } from "effect"

/** Places on the wire are few: whatever the clocks of two machines say, none is kept for longer. */
const mostMs = 2 * leadMs

/** Runs `then` at `dueAt` (epoch milliseconds), at once when it is over; never before, unless it is further away than twice the lead. */
export const untilDue = <A>(
  clock: Clock.Clock,
  dueAt: number,
  then: () => Effect.Effect<A>,
  leftMs: number = mostMs
): Effect.Effect<A> => {
  const early = Math.min(leftMs, dueAt - clock.currentTimeMillisUnsafe())
  if (early <= 0) return then()
  // Looked at again: a machine's timer may ring up to two milliseconds early.
  return Effect.flatMap(Effect.sleep(early), () => untilDue(clock, dueAt, then, leftMs - early))
}
