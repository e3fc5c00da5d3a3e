/** What flags say about a request to be made, as the API takes it. */
import { changesItsValue, exactly, holdsInexact } from "@dueline/contracts/api/exactNumber"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Effect, Schema } from "effect"
import { readContent } from "./readContent.ts"
import { usage } from "../Shell.ts"

interface BodyFlags {
  readonly body: string | undefined
  readonly jsonBody: string | undefined
}

const parseJson = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Json))

/** A number that would change on its way is refused here as the program would refuse it. */
const jsonIn = Effect.fnUntraced(function* (text: string) {
  const parsed = yield* Effect.catch(parseJson(text), () => usage("--json-body is not valid JSON"))
  return holdsInexact(exactly(text, parsed)) ? yield* usage(`--json-body ${changesItsValue}`) : parsed
})

/** What is to be sent: undefined when there is none. */
export const bodyOf = Effect.fnUntraced(function* ({ body, jsonBody }: BodyFlags) {
  if (body !== undefined && jsonBody !== undefined) return yield* usage("Give --body or --json-body, not both")
  if (body !== undefined) return yield* readContent(body)
  if (jsonBody === undefined) return undefined
  return yield* jsonIn(yield* readContent(jsonBody))
})

/** Holds what is about to be sent against the API definition, so that a mistake is told field by field and nothing is sent. */
export const checkRequest = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, request: unknown) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(request).pipe(
    Effect.catch(({ issue }) => {
      const mistakes = schemaWords(issue).issues.map(
        ({ message, path = [] }) => `${path.map(String).join(".") || "request"}: ${message}`
      )
      return usage("The request would not be accepted, so it was not sent", ...mistakes)
    })
  )
