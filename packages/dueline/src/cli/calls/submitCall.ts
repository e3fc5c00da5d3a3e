/** `dueline call submit`. */
import { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { callWords, stateWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { type FlowInput, flowOf } from "./flowFlags.ts"
import { headersOf } from "./readContent.ts"
import { bodyOf, checkRequest } from "./requestFlags.ts"
import { hint, print, usage } from "../Shell.ts"

export interface SubmitInput extends FlowInput {
  readonly url: string
  readonly method: HttpMethod | undefined
  readonly headers: ReadonlyArray<string>
  readonly body: string | undefined
  readonly jsonBody: string | undefined
  readonly delay: string | undefined
  readonly dueAt: string | undefined
  readonly tags: ReadonlyArray<string>
  readonly maxAttempts: number | undefined
  readonly timeoutMs: number | undefined
  readonly key: IdempotencyKey | undefined
  readonly wait: number | undefined
}

export const submitCall = Effect.fnUntraced(function* (input: SubmitInput) {
  if (input.delay !== undefined && input.dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const body = yield* bodyOf(input)
  const payload = yield* checkRequest(SubmitServiceCall, {
    ...withoutUndefined({
      delay: input.delay,
      dueAt: input.dueAt,
      tags: input.tags.length === 0 ? undefined : input.tags,
      flow: yield* flowOf(input),
      retry: input.maxAttempts === undefined ? undefined : { maxAttempts: input.maxAttempts },
      timeoutMs: input.timeoutMs
    }),
    request: withoutUndefined({
      method: input.method ?? (body === undefined ? "GET" : "POST"),
      url: input.url,
      headers: yield* headersOf(input.headers),
      body
    })
  })
  const api = yield* callsApi
  const prefer = input.wait === undefined ? undefined : `wait=${input.wait}`
  const answer = yield* api.submit({ headers: withoutUndefined({ "idempotency-key": input.key, prefer }), payload })
  const words = yield* style
  yield* print(answer.body, (call) => ("attempts" in call ? callWords(call, words) : stateWords(call, words)))
  if (answer.headers["x-idempotent-replayed"] === "true")
    yield* hint("answered before under this key: nothing was done again")
  if (!("attempts" in answer.body)) yield* hint(`follow it with: dueline call watch ${answer.body.id}`)
})
