/** The HTTP operations that take service calls, one or several at a time. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiSchema } from "effect/http-api"
import { ChecksAttributes, RequiredScope } from "./Access.ts"
import { created, described, HeaderText, idempotent } from "./conventions.ts"
import { callExamples } from "./callExamples.ts"
import { parameter } from "./parameters.ts"
import { bodyErrors, problems } from "./ProblemError.ts"
import { batchLimit, SubmitServiceCall, SubmitServiceCalls } from "./ServiceCallRequest.ts"
import { ServiceCall, ServiceCallState, SubmittedBatch } from "./ServiceCallView.ts"

const status = HttpApiSchema.status
const submitted = { ...created, "preference-applied": Schema.optionalKey(Schema.String) }

export const submit = HttpApiEndpoint.post("submit", "/", {
  headers: {
    ...idempotent,
    prefer: parameter(
      Schema.optionalKey(HeaderText),
      "`wait=N`: wait up to N seconds (30 at the most) for the call to end (RFC 7240)"
    )
  },
  payload: SubmitServiceCall,
  success: [
    HttpApiSchema.WithHeaders(ServiceCall.pipe(status(200)), submitted),
    HttpApiSchema.WithHeaders(ServiceCallState.pipe(status(202)), submitted)
  ],
  error: [...bodyErrors, problems.Unavailable]
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotate(ChecksAttributes, true)
  .annotateMerge(
    described(
      "Submit a service call",
      "202 once the submission is durable. With `Prefer: wait=N` (at most 30 seconds) the answer waits " +
        "until the call has ended and is 200 with the whole call, or 202 when it has not ended by then. Under " +
        "an `Idempotency-Key` the call's id follows from tenant and key, and a repeat is answered as the " +
        "first time.",
      callExamples.submit
    )
  )

export const submitBatch = HttpApiEndpoint.post("submitBatch", "/batch", {
  payload: SubmitServiceCalls,
  success: SubmittedBatch,
  error: bodyErrors
})
  .annotate(RequiredScope, "ops:calls.write")
  .annotateMerge(
    described(
      "Submit several service calls",
      `1 to ${batchLimit} of them, each for itself: one that is refused holds up none of the others. 200 once all that were ` +
        "accepted are durable, with an item for each that says what became of it. Keys are given item by item. Under a rate " +
        "limit each item counts.",
      callExamples.submitBatch
    )
  )
