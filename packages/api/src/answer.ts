/**
 * The answer to a command, written by hand: the schemas' encoder would try one success after the other, and accepting a call is the
 * one path where that shows. The typed client, which decodes it, is what holds it to the definition.
 */
import { etagOf } from "@dueline/contracts/api/Wire"
import { HttpServerResponse } from "effect/http"

export interface AnswerHeaders {
  readonly replayed: boolean
  readonly location?: string
  readonly preferenceApplied?: string
}

export const answer = (
  status: 200 | 201 | 202,
  state: { readonly version: number },
  { location, preferenceApplied, replayed }: AnswerHeaders
): HttpServerResponse.HttpServerResponse => {
  const headers: Record<string, string> = { etag: etagOf(state.version) }
  if (location !== undefined) headers["location"] = location
  if (preferenceApplied !== undefined) headers["preference-applied"] = preferenceApplied
  if (replayed) headers["x-idempotent-replayed"] = "true"
  return HttpServerResponse.text(JSON.stringify(state), { status, headers, contentType: "application/json" })
}
