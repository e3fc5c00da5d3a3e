/** `dueline call submit`. */
import { changesItsValue, exactly, holdsInexact } from "@dueline/contracts/api/exactNumber"
import { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { Effect, Schema } from "effect"
import { callWords, stateWords, style } from "./callWords.ts"
import { callsApi } from "./CallsApi.ts"
import { checkRequest } from "./checkRequest.ts"
import { usage } from "./CommandFailed.ts"
import { given } from "./flags.ts"
import { readContent } from "./readContent.ts"
import { hint, print } from "./Shell.ts"

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

const headersOf = Effect.fnUntraced(function* (lines: ReadonlyArray<string>) {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [, name, value] = /^([^:\s]+)\s*:\s*(.*)$/su.exec(line) ?? []
    if (name === undefined || value === undefined)
      return yield* usage(`"${line}" is no header`, "write --header 'name: value'")
    if (Object.hasOwn(headers, name)) return yield* usage(`The header "${name}" is given twice`)
    headers[name] = value
  }
  return lines.length === 0 ? undefined : headers
})

export const submitCall = Effect.fnUntraced(function* (input: SubmitInput) {
  if (input.delay !== undefined && input.dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const body = yield* bodyOf(input)
  const payload = yield* checkRequest(SubmitServiceCall, {
    ...given({
      delay: input.delay,
      dueAt: input.dueAt,
      tags: input.tags.length === 0 ? undefined : input.tags,
      retry: input.maxAttempts === undefined ? undefined : { maxAttempts: input.maxAttempts },
      timeoutMs: input.timeoutMs
    }),
    request: given({
      method: input.method ?? (body === undefined ? "GET" : "POST"),
      url: input.url,
      headers: yield* headersOf(input.headers),
      body
    })
  })
  const api = yield* callsApi
  const prefer = input.wait === undefined ? undefined : `wait=${input.wait}`
  const answer = yield* api.submit({ headers: given({ "idempotency-key": input.key, prefer }), payload })
  const look = yield* style
  yield* print(answer.body, (call) => ("attempts" in call ? callWords(call, look) : stateWords(call, look)))
  if (answer.headers["x-idempotent-replayed"] === "true")
    yield* hint("answered before under this key: nothing was done again")
  if (!("attempts" in answer.body)) yield* hint(`follow it with: dueline call watch ${answer.body.id}`)
})
