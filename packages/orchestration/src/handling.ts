/** How process managers handle messages: some may be lost with the disk of a broker, and a store may be away while one is handled. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { Effect } from "effect"

export type Handler = (delivery: Delivery) => Effect.Effect<Verdict>

/** So long after it changed, in milliseconds, a thing's message counts as lost. */
export const lostAfterMs = 30_000
/** Between two rounds (milliseconds). */
const lookEveryMs = 10_000
const handledAtOnce = 8

export interface Found {
  readonly tenantId: TenantId
  readonly id: string
}

/** As if a message about each had come; `topic` is one that the handler hears. */
export const handleAgain = (handler: Handler, topic: string, found: ReadonlyArray<Found>) =>
  Effect.forEach(
    found,
    ({ id, tenantId }) =>
      handler({ eventId: id, tenantId, streamId: id as Delivery["streamId"], topic, payload: null, attempt: 1 }),
    { concurrency: handledAtOnce }
  )

/** Rounds until the scope closes, the first after a pause. */
export const sweeping = (round: Effect.Effect<void>) =>
  Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(lookEveryMs), round)))

/** A store that does not answer counts as unavailable. Shorter than the time a handler has, whose end would be counted against the message. */
export const handlerTimeout = "40 seconds"

/**
 * Runs `handle` within that time. `wait` is how it says that it has to wait: told in the log as `told`, with the reason and what it is `about`.
 */
export const untilStoreAnswers = (
  told: string,
  about: Readonly<Record<string, string>>,
  handle: (wait: (reason: string) => Effect.Effect<Verdict>) => Effect.Effect<Verdict>
): Effect.Effect<Verdict> => {
  const wait = (reason: string) =>
    Effect.as(Effect.logWarning(told, { ...about, reason }), { _tag: "Wait", reason } satisfies Verdict)
  return Effect.timeoutOrElse(handle(wait), {
    duration: handlerTimeout,
    orElse: () => wait(`no answer within ${handlerTimeout}`)
  })
}
