/** What the caller wants to be sent, in the form that it is looked at, kept and made in. */
import type { OnEnd, RequestToMake, RetryOverrides, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { AdmittedRequest, IntakeIssue, RawRequest, RequestIntake } from "@dueline/contracts/ports/Admission"
import { defaultRetryPolicy, defaultTimeoutMs, type RetryPolicy, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { Result } from "effect"
import { type Denial, denied } from "../requests/refusal.ts"

export const retryOf = (
  overrides: typeof RetryOverrides.Type | undefined,
  usual: RetryPolicy = defaultRetryPolicy
): RetryPolicy => (overrides === undefined ? usual : { ...usual, ...overrides })

export const specOf = (body: SubmitServiceCall, { spec }: AdmittedRequest): Spec => ({
  ...spec,
  timeoutMs: body.timeoutMs ?? defaultTimeoutMs,
  retry: retryOf(body.retry),
  tags: body.tags ?? [],
  ...(body.flow === undefined ? {} : { flow: body.flow }),
  ...(body.pending === undefined ? {} : { pending: { key: body.pending.key } })
})

/** A body that is not text goes out as JSON and says so, unless the caller says otherwise. */
export const rawRequest = ({ body, headers = {}, method, url }: RequestToMake): RawRequest => {
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

/** `part`: where `request` stands in what was sent. */
export const refusedRequest = (part: string, issues: ReadonlyArray<IntakeIssue>): Denial<"request_refused"> =>
  denied("request_refused", "Correct what `errors` lists: such a request is never sent.", {
    errors: issues.map(({ code, field, message }) => ({ path: `${part}.request.${field}`, code, message }))
  })

/** Whom the end is told: as it is shown, and as it is sealed. Held against the same rules as a request. */
interface LookedCallback {
  readonly shown: NonNullable<Spec["onEnd"]> | null
  readonly whole: NonNullable<RawRequest["onEnd"]> | null
}

const nobody: Result.Result<LookedCallback, never> = Result.succeed({ shown: null, whole: null })

export const lookedCallback = (
  { admit }: RequestIntake["Service"],
  tenantId: TenantId,
  callId: ServiceCallId,
  onEnd: OnEnd | undefined,
  part: string
): Result.Result<LookedCallback, Denial<"request_refused">> => {
  if (onEnd === undefined) return nobody
  const { headers = {}, on = "ended", url } = onEnd
  const flow = onEnd.flow === undefined ? {} : { flow: onEnd.flow }
  const admitted = admit(tenantId, callId, { method: "POST", url, headers, body: null })
  return Result.isSuccess(admitted)
    ? Result.succeed({
        shown: { url: admitted.success.spec.request.url, on, ...flow },
        whole: { url, headers, ...flow }
      })
    : Result.fail(
        denied("request_refused", "Correct what `errors` lists: such a request is never sent.", {
          errors: admitted.failure.map(({ code, field, message }) => ({
            path: `${part}.onEnd.${field}`,
            code,
            message
          }))
        })
      )
}
