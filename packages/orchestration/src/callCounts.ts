/** Keeps what overviews show counted, step by step as the log grows: one process at a time, though two would do no harm. */
import { Overviews } from "@dueline/contracts/ports/Overviews"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Effect } from "effect"

/** Of the process that counts: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const leadership = { name: "call-counts", ttlMs: 10_000, extendMs: 3_000, retryMs: 3_000 }

/** Events that one step counts, about: a few tens of milliseconds of the database. */
const stepLimit = 5_000
/** Milliseconds from one look to the next while there is something to count, and while there is not. */
const lookMs = 1_000
const idleMs = 2_000

export const makeCounting = Effect.map(Overviews, ({ count }) => (mayAct: () => boolean): Effect.Effect<never> => {
  const round = Effect.gen(function* () {
    while (mayAct()) {
      const seen = yield* count(stepLimit)
      // What is left of a long past is counted without a pause, yet in steps between which others get their turn.
      if (seen === null || seen < stepLimit / 2) return seen ?? 0
      yield* Effect.yieldNow
    }
    return 0
  })
  return round.pipe(
    orLogged("warning", "calls could not be counted for overviews; it is tried again"),
    Effect.flatMap((seen) => Effect.sleep(seen === undefined || seen > 0 ? lookMs : idleMs)),
    Effect.forever
  )
})
