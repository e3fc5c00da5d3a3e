/** `dueline call submit`. */
import { changesItsValue, exactly, holdsInexact } from "@dueline/contracts/api/exactNumber"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { Effect, Schema } from "effect"
import { callWords, stateWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { withoutUndefined } from "./flags.ts"
import { headersOf, readContent } from "./readContent.ts"
import { hint, print, usage } from "./Shell.ts"

export interface SubmitInput {
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

const parseJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

/** A number that would change on its way is refused here as the program would refuse it. */
const jsonIn = Effect.fnUntraced(function* (text: string) {
  const parsed = yield* Effect.catch(parseJson(text), () => usage("--json-body is not valid JSON"))
  return holdsInexact(exactly(text, parsed)) ? yield* usage(`--json-body ${changesItsValue}`) : parsed
})

const bodyOf = Effect.fnUntraced(function* ({ body, jsonBody }: SubmitInput) {
  if (body !== undefined && jsonBody !== undefined) return yield* usage("Give --body or --json-body, not both")
  if (body !== undefined) return yield* readContent(body)
  if (jsonBody === undefined) return undefined
  return yield* jsonIn(yield* readContent(jsonBody))
})

export const submitCall = Effect.fnUntraced(function* (input: SubmitInput) {
  if (input.delay !== undefined && input.dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const body = yield* bodyOf(input)
  const payload = yield* checkRequest(SubmitServiceCall, {
    ...withoutUndefined({
      delay: input.delay,
      dueAt: input.dueAt,
      tags: input.tags.length === 0 ? undefined : input.tags,
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

/** Holds what is about to be sent against the API definition, so that a mistake is told field by field and nothing is sent. */
const checkRequest = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, request: unknown) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(request).pipe(
    Effect.catch(({ issue }) => {
      const mistakes = schemaWords(issue).issues.map(
        ({ message, path = [] }) => `${path.map(String).join(".") || "request"}: ${message}`
      )
      return usage("The request would not be accepted, so it was not sent", ...mistakes)
    })
  )
