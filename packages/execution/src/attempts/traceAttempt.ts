/** The span of an attempt: from its place in the executor to its result, named and described as that of an HTTP client. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import type { ActiveSpan, Tracing } from "@dueline/contracts/telemetry/Tracing"
import type { Attempt } from "./Attempt.ts"
import type { Made } from "./recordAttempt.ts"

/** The host is told and nothing else of the address: a path or a query may be a secret. */
export const attemptSpan = (
  tracing: Tracing,
  { attempt, callId, correlationId, detached, epoch, request, tenantId, traceparent }: ExecutionRequested
): ActiveSpan | null =>
  tracing.child(
    "client",
    request.method,
    traceparent,
    {
      "dueline.call.id": callId,
      "dueline.correlation.id": correlationId,
      "dueline.epoch": epoch,
      "dueline.tenant.id": tenantId,
      "http.request.method": request.method,
      "http.request.resend_count": attempt - 1,
      "server.address": targetOf(request.url)
    },
    detached
  )

/** `result`: null when nothing left. */
export const endSpan = (attempt: Attempt, result: Made | null): void => {
  const { span } = attempt
  if (span === null) return
  attempt.span = null
  if (result === null) return span.end(null)
  if (result._tag !== "Answered") return span.end(result.reason)
  span.set("http.response.status_code", result.status)
  span.end(result.status >= 400 ? String(result.status) : null)
}
