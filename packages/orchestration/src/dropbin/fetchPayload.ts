/** Fetches a payload from where its sender says it lies: bounded in time and bytes, from hosts that are allowed, and as its digest says. */
import type { DropbinFailureCode, PayloadReference } from "@dueline/contracts/ingestion/Dropbin"
import { maxPayloadBytes } from "@dueline/contracts/ingestion/Dropbin"
import type { TenantId } from "@dueline/contracts/Ids"
import type { HttpClient, OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { PayloadSources } from "@dueline/contracts/ports/Admission"
import { Effect, Result } from "effect"

/** Milliseconds from the first byte of the request to the last of the answer: a body that never ends is not waited for. */
export const fetchTimeoutMs = 10_000

/** Why there is no payload. `retry`: it may be there later. */
export interface FetchTrouble {
  readonly retry: boolean
  readonly code: DropbinFailureCode
  /** What happened, and what to do; holds no secret. */
  readonly detail: string
}

const never = (code: DropbinFailureCode, detail: string): FetchTrouble => ({ retry: false, code, detail })
const later = (detail: string): FetchTrouble => ({ retry: true, code: "payload_unreachable", detail })

/** Of 4xx the ones that say "not now" (RFC 9110 § 15.5.9, RFC 8470, RFC 6585). */
const notNow: ReadonlySet<number> = new Set([408, 425, 429])

type Unanswered = Extract<OutgoingResult, { readonly _tag: "Unanswered" }>

const troubleOf = ({ detail, reason }: Unanswered): FetchTrouble => {
  switch (reason) {
    case "egress_denied":
      return never(
        "payload_host_refused",
        `The payload's host is not called: ${detail}. Put the payload on the open internet.`
      )
    case "redirect_refused":
      return never(
        "payload_redirected",
        `The payload's host redirects: ${detail}. Send the address at which the payload is.`
      )
    default:
      return later(`no answer from the payload's host (${reason}): ${detail}`)
  }
}

/** `digestOf`: SHA-256 as `sha-256=:…:`. */
export const fetchPayload = (
  { send }: HttpClient["Service"],
  { check }: PayloadSources["Service"],
  digestOf: (bytes: Uint8Array) => string
) =>
  Effect.fnUntraced(function* (
    tenantId: TenantId,
    uri: string,
    { digest }: PayloadReference
  ): Effect.fn.Return<Uint8Array, FetchTrouble> {
    // Once more: what was allowed when it came in may have been taken out of the settings since.
    const source = check(uri, tenantId)
    if (Result.isFailure(source)) return yield* Effect.fail(never("payload_host_refused", source.failure.message))
    const answer = yield* send({
      method: "GET",
      url: source.success.href,
      headers: { accept: "application/json", "accept-encoding": "identity" },
      body: null,
      timeoutMs: fetchTimeoutMs,
      maxResponseBytes: maxPayloadBytes,
      wanted: () => true,
      group: tenantId
    })
    if (answer._tag === "NotSent") return yield* Effect.fail(later(`not sent: ${answer.detail}`))
    if (answer._tag === "Unanswered") return yield* Effect.fail(troubleOf(answer))
    const { body, headers, status, truncated } = answer
    if (status >= 500 || notNow.has(status)) return yield* Effect.fail(later(`the payload's host answered ${status}`))
    if (status !== 200) {
      const detail = `The payload's host answered ${status}. Send an address that answers 200 with the payload, without further rights.`
      return yield* Effect.fail(never("payload_refused", detail))
    }
    if (truncated)
      return yield* Effect.fail(never("payload_too_large", `Send a payload of ${maxPayloadBytes} bytes at the most.`))
    const coding = headers["content-encoding"] ?? "identity"
    if (coding !== "identity")
      return yield* Effect.fail(
        never("payload_coded", "The payload came with a Content-Encoding, which is not read here: serve it as it is.")
      )
    const found = digestOf(body)
    if (found !== digest) {
      const detail = `The payload's digest is ${found}, which is not the one that was sent: check that both are of the same bytes, and send again.`
      return yield* Effect.fail(never("payload_digest_wrong", detail))
    }
    return body
  })
