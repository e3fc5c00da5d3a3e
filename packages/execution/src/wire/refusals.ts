/** Why a request got no connection: for a reason of the target, which counts as an attempt, or for one of ours, which does not. */
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { FailureReason } from "@dueline/contracts/serviceCall/Spec"

/** `detail` names no address, so that an answer to a stranger maps no inner network. */
export class ConnectRefused extends Error {
  readonly reason: Extract<FailureReason, "dns" | "connect" | "tls" | "egress_denied">
  /** Undici keeps a request waiting for errors with its own codes; this one fails it. */
  readonly code = "ERR_CONNECT_REFUSED"
  constructor(reason: ConnectRefused["reason"], detail: string) {
    super(detail)
    this.reason = reason
  }
}

type NotSentReason = Extract<OutgoingResult, { readonly _tag: "NotSent" }>["reason"]

export class NotSentRefusal extends Error {
  readonly reason: NotSentReason
  readonly code = "ERR_NOT_SENT"
  constructor(reason: NotSentReason, detail: string) {
    super(detail)
    this.reason = reason
  }
}
