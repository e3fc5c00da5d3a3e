/** Holds what is about to be sent against the API definition, so that a mistake is told field by field and nothing is sent. */
import { Effect, Schema, SchemaIssue } from "effect"
import { usage } from "./CommandFailed.ts"

const format = SchemaIssue.makeFormatterStandardSchemaV1()

export const checkRequest = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, request: unknown) =>
  Schema.decodeUnknownEffect(schema, { errors: "all" })(request).pipe(
    Effect.catch(({ issue }) => {
      const mistakes = format(issue).issues.map(
        ({ message, path = [] }) => `${path.map(String).join(".") || "request"}: ${message}`
      )
      return usage("The request would not be accepted, so it was not sent", ...mistakes)
    })
  )
