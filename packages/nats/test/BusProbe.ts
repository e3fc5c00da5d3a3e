/** Messages and listeners for tests of the bus on JetStream beyond its port. */
import type { TenantId } from "@dueline/contracts/Ids"
import { ack, type BusMessage, type Delivery, type EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect } from "effect"
import { randomUUID } from "node:crypto"

export const message = (tenantId: TenantId, payload: unknown): BusMessage => ({
  eventId: randomUUID(),
  tenantId,
  streamId: Sample.streamOf(Sample.callId()),
  topic: "ops.service-call.succeeded",
  payload
})

/** Everything that the group hears, as it comes. */
export const listen = Effect.fnUntraced(function* (
  bus: EventBus["Service"],
  options: { readonly group: string; readonly transient?: boolean },
  decide: (delivery: Delivery) => Effect.Effect<Verdict> = () => Effect.succeed(ack)
) {
  const heard: Array<Delivery> = []
  yield* bus.consume({ topics: [], ...options }, (delivery) => {
    heard.push(delivery)
    return decide(delivery)
  })
  return heard
})

export const payloadsOf = (heard: ReadonlyArray<Delivery>) => heard.map(({ payload }) => payload)
