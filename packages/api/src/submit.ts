/** Takes a submission: names it, lets the request be looked at, asks the orchestrator, and waits if the caller wants to. */
import { Principal } from "@dueline/contracts/api/Access"
import { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { type RequestToMake, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import { etagOf } from "@dueline/contracts/api/Wire"
import type { IdempotencyKey, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type RawRequest, RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { defaultRetryPolicy, defaultTimeoutMs, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { derivedCallId } from "@dueline/identity/derivedId"
import { randomCallId } from "@dueline/identity/randomId"
import { Clock, Duration, Effect, Result } from "effect"
import { HttpApiSchema } from "effect/http-api"
import type { HttpServerRequest } from "effect/http"
import { CallEndings } from "./CallEndings.ts"
import { CurrentCorrelationId } from "./Correlation.ts"
import { Details } from "./Details.ts"
import { dueTime } from "./dueTime.ts"
import { envelope, traceparentOf } from "./envelope.ts"
import { fingerprint } from "./idempotency.ts"
import { jsonBody } from "./jsonBody.ts"
import { parseWait } from "./preference.ts"
import { refusedSubmission, storeUnavailable } from "./refusal.ts"
import { reject } from "./reject.ts"
import { callPath, stateOf, stateOfRow } from "./view.ts"

interface Submission {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey; readonly prefer?: string }
}

const route = "/v1/service-calls"
const readBody = jsonBody(SubmitServiceCall)

export const makeSubmit = Effect.gen(function*() {
  const orchestrator = yield* Orchestrator
  const intake = yield* RequestIntake
  const endings = yield* CallEndings
  const details = yield* Details

  const queries = yield* CallQueries
  const find = (tenantId: TenantId, callId: ServiceCallId) => Effect.catch(queries.find(tenantId, callId), storeUnavailable)

  const accept = Effect.fnUntraced(function*(
    { headers, request }: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId
  ) {
    const at = yield* Clock.currentTimeMillis
    const dueAt = yield* dueTime(body, at)
    const admitted = intake.admit(principal.tenantId, callId, rawRequest(body.request))
    if (Result.isFailure(admitted)) {
      const errors = admitted.failure.map(({ code, field, message }) => ({ path: `body.request.${field}`, code, message }))
      return yield* reject(Unprocessable, "request_refused", "Correct what `errors` lists: such a request is never sent.", { errors })
    }
    const correlationId = yield* CurrentCorrelationId
    const key = headers["idempotency-key"]
    const print = key === undefined ? null : fingerprint("POST", route, body)
    return yield* Effect.catch(
      orchestrator.ask(envelope({
        principal,
        request,
        correlationId,
        commandId: `submit:${callId}`,
        idempotency: key === undefined || print === null ? null : { key, fingerprint: print },
        expectedVersion: null
      }, {
        _tag: "SubmitServiceCall",
        callId,
        at: at as typeof dueAt,
        dueAt,
        fingerprint: print,
        origin: { correlationId, traceparent: traceparentOf(request) },
        spec: specOf(body, admitted.success.summary),
        sealed: admitted.success.sealed
      })),
      refusedSubmission
    )
  })

  const answerAtOnce = Effect.fnUntraced(function*(
    submission: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId
  ) {
    const answer = yield* accept(submission, principal, body, callId)
    return HttpApiSchema.withHeaders({ body: stateOf(answer), headers: headersOf(callId, answer.version, answer.replayed) })
  })

  const answerWhenEnded = Effect.fnUntraced(function*(
    submission: Submission,
    principal: Principal["Service"],
    body: SubmitServiceCall,
    callId: ServiceCallId,
    waitSeconds: number
  ) {
    const { tenantId } = principal
    const ended = yield* endings.of(tenantId, callId)
    const answer = yield* accept(submission, principal, body, callId)
    if (ended === null) {
      return HttpApiSchema.withHeaders({ body: stateOf(answer), headers: headersOf(callId, answer.version, answer.replayed) })
    }
    let row = yield* find(tenantId, callId)
    if (row !== null && row.endedAt === null) {
      yield* Effect.timeoutOption(ended, Duration.seconds(waitSeconds))
      row = yield* find(tenantId, callId)
    }
    const state = row === null ? stateOf(answer) : stateOfRow(row)
    const headers = { ...headersOf(callId, state.version, answer.replayed), "preference-applied": `wait=${waitSeconds}` }
    return row === null || row.endedAt === null
      ? HttpApiSchema.withHeaders({ body: state, headers })
      : HttpApiSchema.withHeaders({ body: yield* details.ofRow(row), headers })
  }, Effect.scoped)

  return Effect.fnUntraced(function*(submission: Submission) {
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

const headersOf = (callId: ServiceCallId, version: number, replayed: boolean) => ({
  etag: etagOf(version),
  location: callPath(callId),
  ...(replayed ? { "x-idempotent-replayed": "true" as const } : {})
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
