/** What the OpenAPI document says of a parameter, beside its schema where it is declared. */
import type { Schema } from "effect"
import { SchemaAST } from "effect"

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
