/** The bus as it is, with a span around each handling of a message whose trace is to be seen. What the handler asks for belongs to it. */
import { type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { CurrentTrace, Tracing } from "@dueline/contracts/telemetry/Tracing"
import { Effect, Exit, Layer } from "effect"

const attributesOf = (group: string, { attempt, eventId, tenantId, topic }: Delivery) => ({
  "dueline.tenant.id": tenantId,
  "messaging.consumer.group.name": group,
  "messaging.destination.name": topic,
  "messaging.message.id": eventId,
  "messaging.operation.name": "process",
  "messaging.operation.type": "process",
  "dueline.delivery.attempt": attempt
})

const traced =
  (tracing: Tracing | null, group: string, handler: (delivery: Delivery) => Effect.Effect<Verdict>) =>
  (delivery: Delivery): Effect.Effect<Verdict> => {
    const { topic, traceparent } = delivery
    if (traceparent === undefined) return handler(delivery)
    const span = tracing?.child("consumer", `process ${topic}`, traceparent, attributesOf(group, delivery)) ?? null
    if (span === null) return Effect.provideService(handler(delivery), CurrentTrace, traceparent)
    return handler(delivery).pipe(
      Effect.provideService(CurrentTrace, span.traceparent),
      Effect.onExit((exit) =>
        Effect.sync(() => {
          if (Exit.isFailure(exit)) span.end("defect")
          else span.end(exit.value._tag === "Ack" ? null : exit.value._tag)
        })
      )
    )
  }

export const layer = Layer.effect(
  EventBus,
  Effect.gen(function* () {
    const bus = yield* EventBus
    const tracing = yield* Tracing
    return EventBus.of({
      publish: bus.publish,
      consume: (interest, handler) => bus.consume(interest, traced(tracing, interest.group, handler))
    })
  })
)
