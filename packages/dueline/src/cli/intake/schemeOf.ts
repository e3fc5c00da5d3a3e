/** The scheme that a flag names: one that is known, or one in JSON from a file. */
import { schemePresets, SchemePreset, SignatureScheme } from "@dueline/contracts/courierSource/SignatureScheme"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Effect, Schema } from "effect"
import { readContent } from "../calls/readContent.ts"
import { usage } from "../Shell.ts"

const isPreset = Schema.is(SchemePreset)
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(SignatureScheme), { errors: "all" })

export const schemeOf = Effect.fnUntraced(function* (text: string) {
  if (isPreset(text)) return schemePresets[text]
  if (!text.startsWith("@"))
    return yield* usage(`There is no scheme "${text}"`, `choose one of ${SchemePreset.literals.join(", ")}, or @file`)
  return yield* Effect.catchTag(decode(yield* readContent(text)), "SchemaError", ({ issue }) =>
    usage(
      `${text.slice(1)} holds no scheme`,
      ...schemaWords(issue).issues.map(({ message, path = [] }) => `${path.map(String).join(".") || "it"}: ${message}`)
    )
  )
})
