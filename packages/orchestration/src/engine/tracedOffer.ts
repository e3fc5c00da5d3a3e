/** The span of a command, from its way into the writer's queue to its durable answer. What it stores belongs to this span. */
import type { OfferAny } from "@dueline/contracts/ports/Orchestrator"
import type { Tracing } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Exit, Option } from "effect"

export const tracedOffer =
  (tracing: Tracing, offer: OfferAny): OfferAny =>
  (envelope, settle) => {
    const { command, correlationId, tenantId, traceparent } = envelope
    const span = tracing.child("internal", `command ${command._tag}`, traceparent, {
      "dueline.command.type": command._tag,
      "dueline.correlation.id": correlationId,
      "dueline.tenant.id": tenantId
    })
    if (span === null) return offer(envelope, settle)
    offer({ ...envelope, traceparent: span.traceparent }, (exit) => {
      if (Exit.isSuccess(exit)) {
        span.set("dueline.stream.version", exit.value.version)
        span.end(null)
      } else {
        const error = Cause.findErrorOption(exit.cause)
        span.end(Option.isSome(error) ? error.value._tag : "defect")
      }
      settle(exit)
    })
  }
