/** Has a submission looked at and stored: what a single one and each of a batch have in common. */
import type { Principal } from "@dueline/contracts/api/Access"
import type { Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { RequestToMake, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { CorrelationId, IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { type Answer, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type RawRequest, RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { defaultRetryPolicy, defaultTimeoutMs, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Effect, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { callRefusals } from "./callRefusal.ts"
import { dueTime } from "../dueTime.ts"
import { envelope, traceparentOf } from "../asking.ts"
import { fingerprint } from "../idempotency.ts"
import { refusedCreation } from "../refusal.ts"
import { reject } from "../reject.ts"

/** The address of a single submission. In the fingerprint of each, so that it is the same request in whatever way it is sent again. */
const route = "/v1/service-calls"

export interface Submission {
  readonly principal: Principal["Service"]
  readonly request: HttpServerRequest.HttpServerRequest
  readonly correlationId: CorrelationId
  readonly key: IdempotencyKey | undefined
  readonly callId: ServiceCallId
  readonly body: SubmitServiceCall
  /** Where the body stands in what was sent, for the paths of problems: `body`. */
  readonly part: string
}

const refused = refusedCreation(callRefusals)

/** Answers once the submission is durable. */
export type Accept = (submission: Submission) => Effect.Effect<Answer, Unprocessable | Unavailable>

export const makeAccept = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const intake = yield* RequestIntake

  const accept: Accept = Effect.fnUntraced(function* ({
    body,
    callId,
    correlationId,
    key,
    part,
    principal,
    request
  }: Submission) {
    const at = yield* Clock.currentTimeMillis
    const dueAt = yield* dueTime(body, at, part)
    const admitted = intake.admit(principal.tenantId, callId, rawRequest(body.request))
    if (Result.isFailure(admitted)) {
      const errors = admitted.failure.map(({ code, field, message }) => ({
        path: `${part}.request.${field}`,
        code,
        message
      }))
      return yield* reject("request_refused", "Correct what `errors` lists: such a request is never sent.", { errors })
    }
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
      .pipe(Effect.catch((refusal) => refused(refusal, principal.tenantId)))
  })
  return accept
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
