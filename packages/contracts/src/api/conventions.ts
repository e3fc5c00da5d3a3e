/** What the operations have in common: headers, paging, and how they are described. */
import { Context, Schema, SchemaAST } from "effect"
import { HttpApiSchema, OpenApi } from "effect/http-api"
import { IdempotencyKey } from "../Ids.ts"
import { AsOf, ETag, idAsSent, StorableText } from "./Wire.ts"

/** What the OpenAPI document says of a parameter, beside its schema where it is declared. */
interface Described {
  readonly description: string
  /** In the place of what the generator makes of a number, which travels as text. */
  readonly schema?: Readonly<Record<string, unknown>>
}

/** `number`: the JSON Schema of a parameter that is one. */
export const parameter = <S extends Schema.Top>(
  schema: S,
  description: string,
  number?: Readonly<Record<string, unknown>>
): S["Rebuild"] =>
  schema.annotateKey({
    parameter: (number === undefined ? { description } : { description, schema: number }) satisfies Described
  })

/** By name, of those in a struct of parameters. */
export const describedParameters = (schema: Schema.Top | undefined): ReadonlyMap<string, Described> => {
  const ast = schema?.ast
  if (ast === undefined || !SchemaAST.isObjects(ast)) return new Map()
  return new Map(
    ast.propertySignatures.flatMap(({ name, type }) => {
      const described = type.context?.annotations?.["parameter"] as Described | undefined
      return described === undefined ? [] : [[String(name), described] as const]
    })
  )
}

export const HeaderText = Schema.String.check(Schema.isMaxCodePoints(1_000))

const replayed = { "x-idempotent-replayed": Schema.optionalKey(Schema.Literal("true")) }

/** Headers of the answer to a command. */
export const written = { etag: ETag, ...replayed }
export const created = { ...written, location: Schema.String }

/** Headers of a command. */
export const idempotent = {
  "idempotency-key": parameter(
    Schema.optionalKey(IdempotencyKey),
    "1 to 255 visible ASCII characters. The same key with the same request is answered again and does nothing twice"
  )
}
/** Optional also where it is required, so that its absence is answered with 428. */
export const conditional = {
  ...idempotent,
  "if-match": parameter(Schema.optionalKey(HeaderText), 'The version that is meant, e.g. `"3"`')
}

/** Of an operation: a body under `request`, and answers under their statuses. */
export class Examples extends Context.Service<Examples, Readonly<Record<string, unknown>>>()(
  "@dueline/contracts/api/Examples"
) {}

export const described = (summary: string, description: string, examples: Examples["Service"] = {}) =>
  Context.add(OpenApi.annotations({ summary, description }), Examples, examples)

const pageSize = { minimum: 1, maximum: 200 } as const

/** Query parameters of every list. */
export const paged = {
  limit: parameter(Schema.optionalKey(Schema.Int.check(Schema.isBetween(pageSize))), "How many at the most", {
    type: "integer",
    ...pageSize,
    default: 50
  }),
  cursor: parameter(
    Schema.optionalKey(Schema.String.check(Schema.isMaxCodePoints(400))),
    "`nextCursor` of the page before"
  )
}
export const filtered = {
  filter: parameter(
    Schema.optionalKey(StorableText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(2_000))),
    'A condition on fields, e.g. `status eq "Active" and not (version lt 3)`; the fields are in the documentation'
  )
}

export const NextCursor = Schema.NullOr(Schema.String).annotate({
  description:
    "Null when there is nothing more. A page may hold fewer items than asked for, even none, and still have a next one"
})

export const idParameter = <Id extends string>(id: Schema.Codec<Id, string>) =>
  parameter(idAsSent(id), "Its id, a UUID")

export const known = {
  "if-none-match": parameter(Schema.optionalKey(HeaderText), 'The version you have, e.g. `"3"`')
}

/** A read of one thing: as it is, or as it was. */
export const conditionalRead = {
  query: { asOf: parameter(Schema.optionalKey(AsOf), "A version or an instant: as it was then") },
  headers: known
}

/** The thing with its version, or word that the asker has it already. */
export const readAnswers = <S extends Schema.Top>(found: S) =>
  [
    HttpApiSchema.WithHeaders(found, { etag: ETag }),
    HttpApiSchema.WithHeaders(HttpApiSchema.Empty(304), { etag: ETag })
  ] as const
