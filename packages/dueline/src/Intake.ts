/** The RequestIntake port: what the executor would refuse is refused at the door, and what is secret goes under seal. */
import { type IntakeIssue, type RawRequest, RequestIntake } from "@dueline/contracts/ports/Admission"
import { KnownRedactions } from "@dueline/contracts/ports/TenantRules"
import { RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import { parseTarget } from "@dueline/contracts/serviceCall/target"
import type { EgressGuard } from "@dueline/execution/egress/EgressGuard"
import { checkHeaders, type HeaderProblem } from "@dueline/execution/attempts/requestHeaders"
import { summariseRequest } from "@dueline/execution/redaction/summarise"
import { Effect, Layer, Result } from "effect"

const denied =
  "Addresses inside (loopback, private, link-local, metadata) are not called. For development, name the host in DUELINE_EGRESS_ALLOW."

const headerAdvice: Readonly<Record<HeaderProblem["code"], string>> = {
  header_forbidden: "This header belongs to the connection or to Dueline; leave it out.",
  header_name_invalid: "A header name is made of letters, digits and hyphens (RFC 9110).",
  header_value_invalid:
    "A header value is printable ASCII without line breaks, U+0000 or blanks at its ends (RFC 9110 § 5.5): take them out, or encode the value.",
  header_repeated: "The header is given twice under different spellings; give it once.",
  headers_too_many: "Send fewer headers.",
  headers_too_large: "Send shorter headers."
}

const urlIssue = (code: string, message: string): IntakeIssue => ({ field: "url", code, message })

const urlIssues = (guard: EgressGuard, url: URL): ReadonlyArray<IntakeIssue> => {
  const found = guard.checkUrl(url)
  if (found === null) return []
  return [found.code === "address_denied" ? urlIssue("egress_denied", denied) : urlIssue(found.code, found.detail)]
}

const maxUrlLength = 8_000

/** Percent-encoded an address may be much longer than it was written. */
const lengthIssues = ({ href }: URL): ReadonlyArray<IntakeIssue> =>
  href.length <= maxUrlLength
    ? []
    : [
        urlIssue(
          "url_invalid",
          `Send an address of ${maxUrlLength} characters at the most, percent-encoded as it is called.`
        )
      ]

const headerIssues = (headers: RawRequest["headers"]): ReadonlyArray<IntakeIssue> =>
  checkHeaders(headers).map(({ code, name }) => ({
    field: name === "" ? "headers" : `headers.${name}`,
    code,
    message: headerAdvice[code]
  }))

export const layer = (guard: EgressGuard) =>
  Layer.effect(
    RequestIntake,
    Effect.gen(function* () {
      const vault = yield* RequestVault
      const redactions = yield* KnownRedactions
      return RequestIntake.of({
        admit: (tenantId, callId, { body, headers, method, onEnd, signer, url }) => {
          // Read once: this form is checked, stored, shown and called.
          const target = parseTarget(url)
          const ofHeaders = headerIssues(headers)
          if (Result.isFailure(target))
            return Result.fail([urlIssue(target.failure.code, target.failure.detail), ...ofHeaders])
          const issues = [...urlIssues(guard, target.success), ...lengthIssues(target.success), ...ofHeaders]
          if (issues.length > 0) return Result.fail(issues)
          const plain = { url: target.success.href, headers, body }
          const signed = signer === undefined ? plain : { ...plain, signer }
          const whole = onEnd === undefined ? signed : { ...signed, onEnd }
          const { failedRequests, patterns } = redactions.of(tenantId)
          const { complete, summary } = summariseRequest(method, whole, { patterns }, true)
          const sealed = complete ? null : vault.seal(whole, sealContext(tenantId, callId))
          const spec =
            failedRequests === "drop" ? { request: summary, failedRequest: "drop" as const } : { request: summary }
          return Result.succeed({ spec, sealed })
        }
      })
    })
  )
