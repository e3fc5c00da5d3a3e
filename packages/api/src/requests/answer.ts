/**
 * Answers as they go out, written by hand: the schemas' encoder would try one success after the other, and accepting a call is the one path
 * where that shows. The typed client, which decodes them, is what holds them to the definition.
 */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { apiVersion } from "@dueline/contracts/api/Api"
import { problemBody, problemCodes, problemContentType } from "@dueline/contracts/api/Problem"
import { challengeOf, headersOfProblem } from "@dueline/contracts/api/ProblemError"
import { etagOf } from "@dueline/contracts/api/Wire"
import { HttpServerResponse } from "effect/http"
import type { Denial } from "./refusal.ts"

/** A whole answer but for what every answer says. */
export interface Reply {
  readonly status: number
  /** Names in lower case and values by turns, as Node takes them. */
  readonly headers: ReadonlyArray<string>
  readonly body: string
}

const json = "application/json"

export const jsonReply = (status: number, body: string, headers: ReadonlyArray<string> = []): Reply => ({
  status,
  headers: ["content-type", json, "content-length", String(Buffer.byteLength(body)), ...headers],
  body
})

/** `more`: headers of this problem beside those that all of its status have. */
export const problemReply = (
  { code, detail, details }: Denial,
  correlationId: CorrelationId,
  more: ReadonlyArray<string> = []
): Reply => {
  const { status } = problemCodes[code]
  const body = JSON.stringify(problemBody(code, correlationId, detail, details))
  const headers = ["content-type", problemContentType, "content-length", String(Buffer.byteLength(body)), ...more]
  for (const [name, value] of Object.entries(headersOfProblem[status] ?? {})) headers.push(name, String(value))
  if (status === 401) headers.push("www-authenticate", challengeOf(code))
  return { status, headers, body }
}

/** The same for a denial that may say when to ask again. */
export const denialReply = (
  denial: Denial & { readonly retryAfterSeconds?: number | null },
  correlationId: CorrelationId
): Reply => {
  const wait = denial.retryAfterSeconds ?? null
  return problemReply(denial, correlationId, wait === null ? [] : ["retry-after", String(wait)])
}

export interface AnswerHeaders {
  readonly replayed: boolean
  readonly location?: string
  readonly preferenceApplied?: string
}

/** To a command. */
export const answerReply = (
  status: 200 | 201 | 202,
  state: { readonly version: number },
  { location, preferenceApplied, replayed }: AnswerHeaders
): Reply => {
  const body = JSON.stringify(state)
  const headers = [
    "content-type",
    json,
    "content-length",
    String(Buffer.byteLength(body)),
    "etag",
    etagOf(state.version)
  ]
  if (location !== undefined) headers.push("location", location)
  if (preferenceApplied !== undefined) headers.push("preference-applied", preferenceApplied)
  if (replayed) headers.push("x-idempotent-replayed", "true")
  return { status, headers, body }
}

/** What every answer says. The connection closes while the program stops: nobody will answer the next request on it. */
export const commonHeaders = (correlationId: CorrelationId, draining: boolean): ReadonlyArray<string> => {
  const headers = ["x-correlation-id", correlationId, "x-api-version", apiVersion]
  if (draining) headers.push("connection", "close")
  return headers
}

export const byName = (headers: ReadonlyArray<string>): Record<string, string> => {
  const named: Record<string, string> = {}
  for (let n = 0; n < headers.length; n += 2) named[headers[n] ?? ""] = headers[n + 1] ?? ""
  return named
}

export const responseOf = ({ body, headers, status }: Reply): HttpServerResponse.HttpServerResponse => {
  const named = byName(headers)
  return HttpServerResponse.text(body, { status, headers: named, contentType: named["content-type"] ?? json })
}

export const answer = (
  status: 200 | 201 | 202,
  state: { readonly version: number },
  about: AnswerHeaders
): HttpServerResponse.HttpServerResponse => responseOf(answerReply(status, state, about))

/** A text as it stands in markup, also in an attribute between double quotes. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;")
