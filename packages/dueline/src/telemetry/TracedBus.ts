/**
 * The bus as it is: lines of the log that a handler causes name its message, and each handling of a message whose trace is to be seen has a
 * span, to which belongs what the handler asks for.
 */
import { type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { tellsDetails } from "@dueline/contracts/telemetry/logModules"
import { CurrentTrace, traceFields, Tracing } from "@dueline/contracts/telemetry/Tracing"
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

/** What most messages say of the cause that they have in the end. */
const correlationOf = ({ payload }: Delivery): { readonly correlationId?: string } => {
  const known =
    typeof payload === "object" && payload !== null && "correlationId" in payload ? payload.correlationId : null
  return typeof known === "string" ? { correlationId: known } : {}
}

const traced =
  (
    tracing: Tracing | null,
    isDetailed: boolean,
    group: string,
    handler: (delivery: Delivery) => Effect.Effect<Verdict>
  ) =>
  (delivery: Delivery): Effect.Effect<Verdict> => {
    const { eventId, tenantId, topic, traceparent } = delivery
    const told = isDetailed
      ? Effect.tap(handler(delivery), ({ _tag }) => Effect.logDebug("message handled", { verdict: _tag }))
      : handler(delivery)
    const handled = Effect.annotateLogs(told, {
      tenantId,
      group,
      topic,
      eventId,
      ...correlationOf(delivery),
      ...traceFields(traceparent ?? null)
    })
    if (traceparent === undefined) return handled
    const span = tracing?.child("consumer", `process ${topic}`, traceparent, attributesOf(group, delivery)) ?? null
    if (span === null) return Effect.provideService(handled, CurrentTrace, traceparent)
    return handled.pipe(
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
    const isDetailed = tellsDetails(yield* Effect.context<never>())
    return EventBus.of({
      ...bus,
      consume: (interest, handler) => bus.consume(interest, traced(tracing, isDetailed, interest.group, handler))
    })
  })
)
