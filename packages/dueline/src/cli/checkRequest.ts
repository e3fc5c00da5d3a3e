/** Holds what is about to be sent against the API definition, so that a mistake is told field by field and nothing is sent. */
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Effect, Schema } from "effect"
import { usage } from "./CommandFailed.ts"

export const checkRequest = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, request: unknown) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(request).pipe(
    Effect.catch(({ issue }) => {
      const mistakes = schemaWords(issue).issues.map(
        ({ message, path = [] }) => `${path.map(String).join(".") || "request"}: ${message}`
      )
      return usage("The request would not be accepted, so it was not sent", ...mistakes)
    })
  )
