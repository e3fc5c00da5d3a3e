/** What the caller wants to be sent, in the form that it is looked at, kept and made in. */
import type { RequestToMake, RetryOverrides, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { IntakeIssue, RawRequest } from "@dueline/contracts/ports/RequestIntake"
import { defaultRetryPolicy, defaultTimeoutMs, type RetryPolicy, type Spec } from "@dueline/contracts/serviceCall/Spec"
import { type Denial, denied } from "../requests/reject.ts"

export const retryOf = (
  overrides: typeof RetryOverrides.Type | undefined,
  usual: RetryPolicy = defaultRetryPolicy
): RetryPolicy => (overrides === undefined ? usual : { ...usual, ...overrides })

export const specOf = (body: SubmitServiceCall, request: Spec["request"]): Spec => ({
  request,
  timeoutMs: body.timeoutMs ?? defaultTimeoutMs,
  retry: retryOf(body.retry),
  tags: body.tags ?? [],
  ...(body.flow === undefined ? {} : { flow: body.flow })
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
