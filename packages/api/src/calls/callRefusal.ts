/** Why commands about service calls are refused. */
import type { ServiceCallRejection } from "@dueline/contracts/serviceCall/Command"
import { keyReused, notFound, type Refusals, reject } from "../requests/refusal.ts"

export const callRefusals = {
  ServiceCallNotFound: notFound("call_not_found"),
  ServiceCallAlreadyDispatched: {
    code: "already_dispatched",
    advice: ({ attempt, status }) => `Attempt ${attempt} was begun and the call is ${status}.`,
    details: ({ attempt, status }) => ({ conflict: { status, attempt } }),
    existing: true
  },
  IllegalTransition: {
    code: "illegal_transition",
    advice: ({ allowed, status }) => `The call is ${status}; this needs ${allowed.join(" or ")}.`,
    details: ({ allowed, status }) => ({ conflict: { status, allowed } }),
    existing: true
  },
  RequestNotKept: {
    code: "request_not_kept",
    advice: "The tenant has requests of calls that fail erased (PUT /v1/redaction): submit the call anew.",
    existing: true
  },
  ServiceCallIdTaken: keyReused,
  /** Each time the one that was found had just begun. */
  ServiceCallBegun: { code: "overloaded", advice: "Calls of this key begin faster than they are asked for: ask again." }
} as const satisfies Refusals<ServiceCallRejection>

const { advice, code } = callRefusals.ServiceCallNotFound
export const callNotFound = reject(code, advice)
