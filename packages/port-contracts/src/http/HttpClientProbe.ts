/** Asks the HttpClient under test for something of the suite's own server, and reads what came of it. */
import { HttpClient, type OutgoingRequest, type OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as HttpTarget from "./HttpTarget.ts"
import * as Sample from "../Sample.ts"

export type It = Vitest.MethodsNonLive<HttpClient | HttpTarget.HttpTarget>

/** Each request has a query of its own, by which the target's log is asked about it. */
export const unique = (path: string) => `${path}${path.includes("?") ? "&" : "?"}id=${Sample.uuid()}`

export const send = Effect.fnUntraced(function* (path: string, changes: Partial<OutgoingRequest> = {}) {
  const { origin } = yield* HttpTarget.HttpTarget
  return yield* (yield* HttpClient).send({
    method: "GET",
    url: origin + path,
    headers: {},
    body: null,
    timeoutMs: 5_000,
    maxResponseBytes: 1_000,
    wanted: () => true,
    ...changes
  })
})

export const answered = (result: OutgoingResult): Extract<OutgoingResult, { readonly _tag: "Answered" }> =>
  result._tag === "Answered" ? result : assert.fail(`no answer: ${result.reason}, ${result.detail}`)

export const reasonOf = (result: OutgoingResult) =>
  result._tag === "Answered" ? `answered ${result.status}` : result.reason

export const text = (result: OutgoingResult) => new TextDecoder().decode(answered(result).body)

export const seenAt = (path: string) => Effect.map(HttpTarget.HttpTarget, ({ seen }) => seen(path))
