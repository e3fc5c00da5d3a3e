/** Takes a submission: names it, lets the request be looked at, asks the orchestrator, and waits if the caller wants to. */
import { Principal } from "@dueline/contracts/api/Access"
import { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { type RequestToMake, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { IdempotencyKey, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type RawRequest, RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { defaultRetryPolicy, defaultTimeoutMs, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { derivedCallId } from "@dueline/identity/derivedId"
import { randomCallId } from "@dueline/identity/randomId"
import { Clock, Duration, Effect, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "./answer.ts"
import { refusedSubmission } from "./callRefusal.ts"
import { CallEndings } from "./CallEndings.ts"
import { CurrentCorrelationId } from "./Correlation.ts"
import { Details } from "./Details.ts"
import { dueTime } from "./dueTime.ts"
import { envelope, traceparentOf } from "./envelope.ts"
import { fingerprint } from "./idempotency.ts"
import { jsonBody } from "./jsonBody.ts"
import { parseWait } from "./preference.ts"
import { storeUnavailable } from "./refusal.ts"
import { reject } from "./reject.ts"
import { callPath, stateOf, stateOfRow } from "./view.ts"

interface Submission {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey; readonly prefer?: string }
}

const route = "/v1/service-calls"
const readBody = jsonBody(SubmitServiceCall)

export const makeSubmit = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const intake = yield* RequestIntake
  const endings = yield* CallEndings
  const details = yield* Details
  const queries = yield* CallQueries
  const find = (tenantId: TenantId, callId: ServiceCallId) =>
    queries.find(tenantId, callId).pipe(Effect.catch(storeUnavailable))

  const accept = Effect.fnUntraced(function* (
    { headers, request }: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId
  ) {
    const at = yield* Clock.currentTimeMillis
    const dueAt = yield* dueTime(body, at)
    const admitted = intake.admit(principal.tenantId, callId, rawRequest(body.request))
    if (Result.isFailure(admitted)) {
      const errors = admitted.failure.map(({ code, field, message }) => ({
        path: `body.request.${field}`,
        code,
        message
      }))
      return yield* reject(
        Unprocessable,
        "request_refused",
        "Correct what `errors` lists: such a request is never sent.",
        { errors }
      )
    }
    const correlationId = yield* CurrentCorrelationId
    const key = headers["idempotency-key"]
    const print = key === undefined ? null : fingerprint("POST", route, body)
    return yield* orchestrator
      .ask(
        envelope(
          {
            principal,
            request,
            correlationId,
            commandId: `submit:${callId}`,
            idempotency: key === undefined || print === null ? null : { key, fingerprint: print },
            expectedVersion: null
          },
          {
            _tag: "SubmitServiceCall",
            callId,
            at: at as typeof dueAt,
            dueAt,
            fingerprint: print,
            origin: { correlationId, traceparent: traceparentOf(request) },
            spec: specOf(body, admitted.success.summary),
            sealed: admitted.success.sealed
          }
        )
      )
      .pipe(Effect.catch(refusedSubmission))
  })

  const answerAtOnce = Effect.fnUntraced(function* (
    submission: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId
  ) {
    const accepted = yield* accept(submission, principal, body, callId)
    return answer(202, stateOf(accepted), { replayed: accepted.replayed, location: callPath(callId) })
  })

  const answerWhenEnded = Effect.fnUntraced(function* (
    submission: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId,
    waitSeconds: number
  ) {
    const { tenantId } = principal
    const ended = yield* endings.of(tenantId, callId)
    const accepted = yield* accept(submission, principal, body, callId)
    const about = { replayed: accepted.replayed, location: callPath(callId) }
    if (ended === null) return answer(202, stateOf(accepted), about)
    let row = yield* find(tenantId, callId)
    if (row !== null && row.endedAt === null) {
      yield* Effect.timeoutOption(ended, Duration.seconds(waitSeconds))
      row = yield* find(tenantId, callId)
    }
    const waited = { ...about, preferenceApplied: `wait=${waitSeconds}` }
    if (row === null) return answer(202, stateOf(accepted), waited)
    return row.endedAt === null ? answer(202, stateOfRow(row), waited) : answer(200, yield* details.ofRow(row), waited)
  }, Effect.scoped)

  return Effect.fnUntraced(function* (submission: Submission) {
    const body = yield* readBody(submission.request)
    const principal = yield* Principal
    const key = submission.headers["idempotency-key"]
    const callId = key === undefined ? yield* randomCallId : derivedCallId(principal.tenantId, key)
    const waitSeconds = parseWait(submission.headers.prefer)
    return yield* waitSeconds === 0
      ? answerAtOnce(submission, principal, body, callId)
      : answerWhenEnded(submission, principal, body, callId, waitSeconds)
  })
})

const specOf = (body: SubmitServiceCall, request: Spec["request"]): Spec => ({
  request,
  timeoutMs: body.timeoutMs ?? defaultTimeoutMs,
  retry: body.retry === undefined ? defaultRetryPolicy : { ...defaultRetryPolicy, ...body.retry },
  tags: body.tags ?? []
})

/** A body that is not text goes out as JSON and says so, unless the caller says otherwise. */
const rawRequest = ({ body, headers = {}, method, url }: RequestToMake): RawRequest => {
  if (body === undefined || body === null) return { method, url, headers, body: null }
  if (typeof body === "string") return { method, url, headers, body }
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type")
  return {
    method,
    url,
    headers: typed ? headers : { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body)
  }
}
