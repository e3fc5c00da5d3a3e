/** What the operations have in common: headers, paging, and the problems that any of them may answer with. */
import { Schema } from "effect"
import { HttpApiSchema, OpenApi } from "effect/http-api"
import { IdempotencyKey } from "../Ids.ts"
import { problems } from "./ProblemError.ts"
import { AsOf, ETag, StorableText } from "./Wire.ts"

export const HeaderText = Schema.String.check(Schema.isMaxCodePoints(1_000))

const replayed = { "x-idempotent-replayed": Schema.optionalKey(Schema.Literal("true")) }

/** Headers of the answer to a command. */
export const written = { etag: ETag, ...replayed }
export const created = { ...written, location: Schema.String }

/** Headers of a command. */
export const idempotent = { "idempotency-key": Schema.optionalKey(IdempotencyKey) }
export const conditional = { ...idempotent, "if-match": Schema.optionalKey(HeaderText) }

export const bodyErrors = [problems.PayloadTooLarge, problems.UnsupportedMediaType] as const
export const creationErrors = [...bodyErrors, problems.Conflict, problems.Unavailable] as const
export const commandErrors = [
  problems.NotFound,
  problems.Conflict,
  problems.PreconditionFailed,
  problems.PayloadTooLarge,
  problems.Unavailable
] as const
/** Of a command with a body under a version that has to be named. */
export const changeErrors = [...commandErrors, problems.UnsupportedMediaType, problems.PreconditionRequired] as const

export const described = (summary: string, description: string) => OpenApi.annotations({ summary, description })

/** Query parameters of every list. */
export const paged = {
  limit: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 }))),
  cursor: Schema.optionalKey(Schema.String.check(Schema.isMaxCodePoints(400)))
}
export const filtered = {
  filter: Schema.optionalKey(StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(2_000)))
}

export const NextCursor = Schema.NullOr(Schema.String).annotate({
  description:
    "Null when there is nothing more. A page may hold fewer items than asked for, even none, and still have a next one"
})

/** A read of one thing: as it is, or as it was. */
export const conditionalRead = {
  query: { asOf: Schema.optionalKey(AsOf) },
  headers: { "if-none-match": Schema.optionalKey(HeaderText) }
}

/** The thing with its version, or word that the asker has it already. */
export const readAnswers = <S extends Schema.Top>(found: S) =>
  [
    HttpApiSchema.WithHeaders(found, { etag: ETag }),
    HttpApiSchema.WithHeaders(HttpApiSchema.Empty(304), { etag: ETag })
  ] as const
