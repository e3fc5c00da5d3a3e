/** How the sentences about an EventBus publish and listen. */
import { type BusMessage, type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import type { TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import * as Sample from "./Sample.ts"

export const ack: Verdict = { _tag: "Ack" }
export const retry: Verdict = { _tag: "Retry", reason: "not yet" }
export const dead: Verdict = { _tag: "Dead", reason: "hopeless" }

export const message = (tenantId: TenantId, payload: unknown, changes: Partial<BusMessage> = {}): BusMessage => ({
  eventId: Sample.uuid(),
  tenantId,
  streamId: Sample.streamOf(Sample.callId()),
  topic: "ops.service-call.succeeded",
  payload,
  ...changes
})

export const publish = (one: BusMessage) => Effect.flatMap(EventBus, (bus) => bus.publish(one))

/** Publishes in this order without waiting for any of them to be done. */
export const publishAll = (messages: ReadonlyArray<BusMessage>) =>
  Effect.forEach(messages, (one) => Effect.forkChild(publish(one), { startImmediately: true }))

export const group = () => `group-${Sample.uuid()}`

/** A consumer of one tenant in a group of its own, and the list of what it was given. `decide` is asked for every delivery. */
export const listen = Effect.fnUntraced(function* (
  tenantId: TenantId,
  decide: (delivery: Delivery) => Effect.Effect<Verdict> = () => Effect.succeed(ack),
  options: { readonly group?: string; readonly topics?: ReadonlyArray<string> } = {}
) {
  const heard: Array<Delivery> = []
  yield* (yield* EventBus).consume(
    { group: options.group ?? group(), topics: options.topics ?? [], tenantId },
    (delivery) => {
      heard.push(delivery)
      return decide(delivery)
    }
  )
  return heard
})

export const payloadsOf = (heard: ReadonlyArray<Delivery>) => heard.map(({ payload }) => payload)
