/** The RequestIntake port: what the executor would refuse is refused at the door, and what is secret goes under seal. */
import { type IntakeIssue, type RawRequest, RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { RequestVault } from "@dueline/contracts/ports/RequestVault"
import type { EgressGuard } from "@dueline/execution/EgressGuard"
import { checkHeaders, type HeaderProblem } from "@dueline/execution/requestHeaders"
import { sealContext } from "@dueline/execution/sealContext"
import { summariseRequest } from "@dueline/execution/summarise"
import { Effect, Layer, Result } from "effect"

const urlAdvice: Readonly<Record<string, string>> = {
  url_invalid: "Give a whole URL such as https://example.com/path.",
  scheme_not_allowed: "Only http and https URLs can be called.",
  credentials_in_url: "Take user name and password out of the URL and send an authorization header instead.",
  address_denied:
    "Addresses inside (loopback, private, link-local, metadata) are not called. For development, name the host in DUELINE_EGRESS_ALLOW."
}

const headerAdvice: Readonly<Record<HeaderProblem["code"], string>> = {
  header_forbidden: "This header belongs to the connection or to Dueline; leave it out.",
  header_name_invalid: "A header name is made of letters, digits and hyphens (RFC 9110).",
  header_value_invalid: "A header value is visible ASCII without blanks at its ends.",
  header_repeated: "The header is given twice under different spellings; give it once.",
  headers_too_many: "Send fewer headers.",
  headers_too_large: "Send shorter headers."
}

const issuesOf = (guard: EgressGuard, { headers, url }: RawRequest): ReadonlyArray<IntakeIssue> => {
  const denied = guard.checkUrl(url)
  const ofUrl =
    denied === null
      ? []
      : [
          {
            field: "url",
            code: denied.code === "address_denied" ? "egress_denied" : denied.code,
            message: urlAdvice[denied.code] ?? denied.detail
          }
        ]
  const ofHeaders = checkHeaders(headers).map(({ code, name }) => ({
    field: name === "" ? "headers" : `headers.${name}`,
    code,
    message: headerAdvice[code]
  }))
  return [...ofUrl, ...ofHeaders]
}

export const layer = (guard: EgressGuard, patterns: ReadonlyArray<string>) =>
  Layer.effect(
    RequestIntake,
    Effect.map(RequestVault, (vault) =>
      RequestIntake.of({
        admit: (tenantId, callId, request) => {
          const issues = issuesOf(guard, request)
          if (issues.length > 0) return Result.fail(issues)
          const { body, headers, method, url } = request
          const whole = { url, headers, body }
          const { complete, summary } = summariseRequest(method, whole, { patterns })
          const sealed = complete ? null : vault.seal(whole, sealContext(tenantId, callId))
          return Result.succeed({ summary, sealed })
        }
      })
    )
  )
