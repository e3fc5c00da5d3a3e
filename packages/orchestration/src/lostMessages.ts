/**
 * A message may be lost with the disk of a broker. What should have been handled by now is looked for in the store, and handed to the handler
 * of its messages as if one had come: handling what is handled changes nothing.
 */
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
