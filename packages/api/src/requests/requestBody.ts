/** Reads a request's body as JSON, or says exactly what is wrong with it; and makes sure that there is none where none is taken. */
import { exactly } from "@dueline/contracts/api/exactNumber"
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import type {
  BadRequest,
  PayloadTooLarge,
  Unprocessable,
  UnsupportedMediaType
} from "@dueline/contracts/api/ProblemError"
import { isStorableText } from "@dueline/contracts/api/Wire"
import { Effect, Result, Schema, SchemaAST } from "effect"
import type { HttpServerError, HttpServerRequest } from "effect/http"
import { inFull, type Telling } from "./fieldProblems.ts"
import { type Denial, denied, deny, orDeny, reject } from "./refusal.ts"
import { repeatedAmong } from "./repeatedName.ts"

export const maxDepth = 32
export const maxItems = 1_000

/** Other parameters than the charset mean nothing here (RFC 8259 § 11). */
const mediaType = /^application\/(?:json|merge-patch\+json)[ \t]*(?:;|$)/iu
const otherCharset = /;[ \t]*charset=(?!(?:"utf-8"|utf-8)[ \t]*(?:;|$))/iu
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false })
const bodyParseOptions = { errors: "all", onExcessProperty: "error" } as const

export type BodyProblem = BadRequest | PayloadTooLarge | Unprocessable | UnsupportedMediaType

/** Why a body with these headers is not even read; null when it is. `coding`: Content-Encoding. */
export const mediaProblem = (
  contentType: string | undefined,
  coding: string | undefined
): Denial<"unsupported_media_type"> | null => {
  if (contentType !== undefined && (!mediaType.test(contentType) || otherCharset.test(contentType))) return notJson
  return isCoded(coding) ? coded : null
}

const notJson = denied("unsupported_media_type", "Send the body as application/json in UTF-8.")

/** `identity` says that there is none (RFC 9110 § 8.4.1). */
const isCoded = (codings: string | undefined): boolean =>
  codings !== undefined && codings.split(",").some((coding) => !/^(?:identity)?$/iu.test(coding.trim()))

const coded = denied(
  "unsupported_media_type",
  "Send the body as it is, without Content-Encoding: no coding is read here."
)

/** An object whose fields are looked into: by name the objects among them. */
type Fields = ReadonlyMap<string, Fields>

/** Null where there is no object with fields of its own; undefined for what is not looked into. */
const fieldsOf = (ast: SchemaAST.AST): Fields | null | undefined => {
  const none = (asts: ReadonlyArray<SchemaAST.AST>) => (asts.every((one) => fieldsOf(one) === null) ? null : undefined)
  if (ast.encoding !== undefined || SchemaAST.isSuspend(ast)) return undefined
  if (SchemaAST.isArrays(ast)) return none([...ast.elements, ...ast.rest])
  if (SchemaAST.isUnion(ast)) return none(ast.types)
  if (SchemaAST.isDeclaration(ast)) return none(ast.typeParameters)
  if (!SchemaAST.isObjects(ast)) return null
  if (none(ast.indexSignatures.map(({ type }) => type)) === undefined) return undefined
  const fields = new Map<string, Fields>()
  for (const { name, type } of ast.propertySignatures) {
    const under = fieldsOf(type)
    if (under === undefined || typeof name === "symbol") return undefined
    if (under !== null) fields.set(String(name), under)
  }
  return fields
}

/** Whether a field was left out when the value was decoded: one that is not known, or whose name is not allowed. */
const lost = (value: object, decoded: object, fields: Fields): boolean => {
  if (Object.keys(value).length !== Object.keys(decoded).length) return true
  for (const [name, under] of fields) {
    const inner = (value as Readonly<Record<string, object>>)[name]
    const read = (decoded as Readonly<Record<string, object>>)[name]
    if (inner !== undefined && read !== undefined && lost(inner, read, under)) return true
  }
  return false
}

/**
 * Decodes with every issue listed and unknown fields refused. With these options the compiled decoders are not used: so what is good is
 * decoded without them, where it can be seen that no field was lost by that, and only what is not good is decoded with them.
 */
export const exactDecoder = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownResult(schema, bodyParseOptions)
  const fields = fieldsOf(schema.ast)
  if (fields === undefined || fields === null) return decode
  const quick = Schema.decodeUnknownResult(schema)
  return (value: unknown): ReturnType<typeof decode> => {
    const decoded = quick(value)
    return Result.isSuccess(decoded) && !lost(value as object, decoded.success as object, fields)
      ? decoded
      : decode(value)
  }
}

/** What a body says, and the text it says it in. */
interface Decoded<A> {
  readonly value: A
  readonly text: string
}

/**
 * Decodes with every issue listed, and gives the text too. Refused are unknown fields, and names that an object has twice, which is two things to two
 * readers; depth and lengths are checked before any schema walks the value.
 */
export const textDecoder = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, telling: Telling = inFull) => {
  const decode = exactDecoder(schema)
  return (bytes: Uint8Array): Result.Result<Decoded<S["Type"]>, Denial<"malformed_json" | "invalid_request">> => {
    const read = parse(bytes, telling)
    if (Result.isFailure(read)) return Result.fail(denied("malformed_json", read.failure))
    const { problems: refused, text, value: parsed } = read.success
    if (refused.length > 0) return Result.fail(invalid(refused))
    const decoded = decode(parsed)
    return Result.isSuccess(decoded)
      ? Result.succeed({ value: decoded.success, text })
      : Result.fail(invalid(telling.issues("body", decoded.failure.issue, parsed)))
  }
}

/** The same without the text. */
export const bodyDecoder = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, telling?: Telling) => {
  const decode = textDecoder(schema, telling)
  return (bytes: Uint8Array): Result.Result<S["Type"], Denial<"malformed_json" | "invalid_request">> =>
    Result.map(decode(bytes), ({ value }) => value)
}

/** The bytes of a body of JSON, for a decoder. */
export const bodyBytes = (request: HttpServerRequest.HttpServerRequest): Effect.Effect<Uint8Array, BodyProblem> => {
  const refused = mediaProblem(request.headers["content-type"], request.headers["content-encoding"])
  if (refused !== null) return deny(refused)
  return Effect.matchEffect(request.arrayBuffer, {
    onFailure: unreadable,
    onSuccess: (bytes) => Effect.succeed(new Uint8Array(bytes))
  })
}

/** Both in one, for whoever has a request. */
export const jsonBody = <S extends Schema.ConstraintDecoder<unknown>>(schema: S, telling?: Telling) => {
  const decode = bodyDecoder(schema, telling)
  return (request: HttpServerRequest.HttpServerRequest): Effect.Effect<S["Type"], BodyProblem> =>
    Effect.flatMap(bodyBytes(request), (bytes) => orDeny(decode(bytes)))
}

export const invalid = (errors: ReadonlyArray<FieldProblem>): Denial<"invalid_request"> =>
  denied("invalid_request", "Correct what `errors` lists and send the request again.", { errors })

export const invalidRequest = (errors: ReadonlyArray<FieldProblem>) => deny(invalid(errors))

/** A body that did not arrive, or is larger than the server's limit. */
export const unreadable = (
  error: HttpServerError.HttpServerError
): Effect.Effect<never, BadRequest | PayloadTooLarge> =>
  error.reason._tag === "RequestParseError" && error.reason.reason === "BodyTooLarge"
    ? reject("body_too_large", "Send a smaller body.")
    : reject("malformed_request", "The body did not arrive whole.")

interface Parsed {
  readonly text: string
  readonly value: unknown
  readonly problems: ReadonlyArray<FieldProblem>
}

/** A body's text, and what it says; numbers that would lose value stand in it as something that no schema takes. `exact`: there are none. */
export const parseJson = (
  bytes: Uint8Array
): Result.Result<{ readonly text: string; readonly value: unknown; readonly exact: boolean }, string> =>
  Result.flatMap(jsonOf(bytes), ({ text, value }) => {
    try {
      const exact = exactly(text, value)
      return Result.succeed({ text, value: exact, exact: exact === value })
    } catch {
      // The only thing it can stumble over is a depth beyond the stack.
      return Result.fail(`The body is nested too deep: at most ${maxDepth} levels are read.`)
    }
  })

const parse = (bytes: Uint8Array, telling: Telling): Result.Result<Parsed, string> =>
  Result.map(jsonOf(bytes), ({ text, value }) => {
    // Only an escape can bring U+0000 or half a surrogate pair past the parser and the decoder.
    const { fields, problems } = look(value, text.includes("\\u"))
    if (problems.length > 0) return { text, value, problems }
    const repeated = repeatedAmong(text, fields)
    if (repeated !== null) return { text, value, problems: [telling.repeated("body", repeated)] }
    return { text, value: exactly(text, value), problems }
  })

const jsonOf = (bytes: Uint8Array): Result.Result<{ readonly text: string; readonly value: unknown }, string> => {
  if (bytes.byteLength === 0) return Result.fail("There is no body: send a JSON object.")
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    return Result.fail("The body is not valid UTF-8: send JSON in UTF-8.")
  }
  try {
    return Result.succeed({ text, value: JSON.parse(text) as unknown })
  } catch {
    return Result.fail("The body is not valid JSON: send one JSON object.")
  }
}

interface Look {
  readonly problems: ReadonlyArray<FieldProblem>
  /** Of all objects together. */
  readonly fields: number
}

const found = (message: string): Look => ({ problems: [{ path: "body", message }], fields: Number.NaN })

/** Walks without recursion, so that no depth of nesting can exhaust the stack; stops at the first thing it finds. */
const look = (root: unknown, checkText: boolean): Look => {
  const values: Array<unknown> = [root]
  const depths: Array<number> = [0]
  let fields = 0
  while (values.length > 0) {
    const value = values.pop()
    const depth = depths.pop() ?? 0
    if (typeof value === "string") {
      if (checkText && !isStorableText(value))
        return found("holds U+0000 or half a surrogate pair, which cannot be kept: send whole characters")
      continue
    }
    if (typeof value !== "object" || value === null) continue
    if (depth >= maxDepth) return found(`is nested deeper than ${maxDepth} levels`)
    const keys = Object.keys(value)
    if (keys.length > maxItems) return found(`holds a list or object of more than ${maxItems} items`)
    if (!Array.isArray(value)) fields += keys.length
    for (const key of keys) {
      if (checkText && !isStorableText(key))
        return found("holds a name with U+0000 or half a surrogate pair, which cannot be kept: send whole characters")
      values.push((value as Record<string, unknown>)[key])
      depths.push(depth + 1)
    }
  }
  return { problems: [], fields }
}

/** What of it cannot be taken, whatever is expected there. */
export const inspect = (root: unknown, checkText: boolean): ReadonlyArray<FieldProblem> =>
  look(root, checkText).problems

/** By the headers alone. */
export const isBodiless = ({ headers }: HttpServerRequest.HttpServerRequest): boolean =>
  headers["transfer-encoding"] === undefined && Number(headers["content-length"] ?? "0") === 0

/** `{}` passes: it says nothing, and some clients cannot help sending it. Without a body the headers alone are looked at. */
export const noBody = (
  request: HttpServerRequest.HttpServerRequest
): Effect.Effect<void, BadRequest | PayloadTooLarge | Unprocessable> => {
  if (isBodiless(request)) return Effect.void
  return Effect.matchEffect(request.text, {
    onFailure: unreadable,
    onSuccess: (text): Effect.Effect<void, BadRequest | PayloadTooLarge | Unprocessable> =>
      /^\s*(?:\{\s*\}\s*)?$/u.test(text) ? Effect.void : unwanted
  })
}

const unwanted = reject("invalid_request", "This takes no body: send none.", {
  errors: [{ path: "body", message: "send no body" }]
})
