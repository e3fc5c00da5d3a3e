/** Forgets what nobody needs any more, a bounded number at a time, so that tables do not grow with the age of the installation. */
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { forgetExpired } from "@dueline/postgres/Receipts"
import { Cause, Clock, Effect } from "effect"

const everyMs = 60_000
/** Receipts deleted by one statement; while a statement finds as many, the next follows at once. */
const atOnce = 1_000

const tidy = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  while ((yield* forgetExpired({ now, limit: atOnce })) === atOnce) yield* Effect.yieldNow
})

/** Runs for ever; a round that fails is logged and the next one tries again. */
export const housekeeping = tidy.pipe(
  Effect.catchCause((cause) =>
    Cause.hasInterrupts(cause)
      ? Effect.interrupt
      : logUnlessStoreTrouble("warning", "housekeeping failed; it is tried again", cause)
  ),
  Effect.andThen(Effect.sleep(everyMs)),
  Effect.forever
)
