/** Problems as errors: one class per status, so that a client can catch them by tag and the document can list them. */
import { ErrorReporter, Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { type CodeOf, codesOf, problemCodes, problemContentType, problemFields } from "./Problem.ts"

const asProblem = HttpApiSchema.asJson({ contentType: problemContentType })
const annotations = (status: number) => ({
  httpApiStatus: status,
  description: codesOf(status)
    .map((code) => `\`${code}\`: ${problemCodes[code].title}`)
    .join(" ")
})

export class BadRequest extends Schema.Error<BadRequest>("BadRequest")(problemFields(400), annotations(400)) {
  readonly _tag = "BadRequest"
  override readonly [ErrorReporter.ignore] = true
}

export class Forbidden extends Schema.Error<Forbidden>("Forbidden")(problemFields(403), annotations(403)) {
  readonly _tag = "Forbidden"
  override readonly [ErrorReporter.ignore] = true
}

export class NotFound extends Schema.Error<NotFound>("NotFound")(problemFields(404), annotations(404)) {
  readonly _tag = "NotFound"
  override readonly [ErrorReporter.ignore] = true
}

export class Conflict extends Schema.Error<Conflict>("Conflict")(problemFields(409), annotations(409)) {
  readonly _tag = "Conflict"
  override readonly [ErrorReporter.ignore] = true
}

export class Gone extends Schema.Error<Gone>("Gone")(problemFields(410), annotations(410)) {
  readonly _tag = "Gone"
  override readonly [ErrorReporter.ignore] = true
}

export class PayloadTooLarge extends Schema.Error<PayloadTooLarge>("PayloadTooLarge")(
  problemFields(413),
  annotations(413)
) {
  readonly _tag = "PayloadTooLarge"
  override readonly [ErrorReporter.ignore] = true
}

export class UnsupportedMediaType extends Schema.Error<UnsupportedMediaType>("UnsupportedMediaType")(
  problemFields(415),
  annotations(415)
) {
  readonly _tag = "UnsupportedMediaType"
  override readonly [ErrorReporter.ignore] = true
}

export class Unprocessable extends Schema.Error<Unprocessable>("Unprocessable")(problemFields(422), annotations(422)) {
  readonly _tag = "Unprocessable"
  override readonly [ErrorReporter.ignore] = true
}

export class PreconditionRequired extends Schema.Error<PreconditionRequired>("PreconditionRequired")(
  problemFields(428),
  annotations(428)
) {
  readonly _tag = "PreconditionRequired"
  override readonly [ErrorReporter.ignore] = true
}

export class Unauthenticated extends Schema.Error<Unauthenticated>("Unauthenticated")(
  problemFields(401),
  annotations(401)
) {
  readonly _tag = "Unauthenticated"
  override readonly [ErrorReporter.ignore] = true
}

export class PreconditionFailed extends Schema.Error<PreconditionFailed>("PreconditionFailed")(
  problemFields(412),
  annotations(412)
) {
  readonly _tag = "PreconditionFailed"
  override readonly [ErrorReporter.ignore] = true
}

/** A defect, or data that is lost. With the code `internal` it is never failed with at the edge; the client has that for an item of a batch. */
export class Internal extends Schema.Error<Internal>("Internal")(problemFields(500), annotations(500)) {
  readonly _tag = "Internal"
  override readonly [ErrorReporter.ignore] = true
}

export class Unavailable extends Schema.Error<Unavailable>("Unavailable")(problemFields(503), annotations(503)) {
  readonly _tag = "Unavailable"
  override readonly [ErrorReporter.ignore] = true
}

/** The class that a problem of each status fails with. */
export const problemClasses = {
  400: BadRequest,
  401: Unauthenticated,
  403: Forbidden,
  404: NotFound,
  409: Conflict,
  410: Gone,
  412: PreconditionFailed,
  413: PayloadTooLarge,
  415: UnsupportedMediaType,
  422: Unprocessable,
  428: PreconditionRequired,
  500: Internal,
  503: Unavailable
} as const

/** The codes of problems that a handler may fail with; the others are answered before a handler runs. */
export type ErrorCode = CodeOf<keyof typeof problemClasses>

/** What a problem with one of these codes is as an error. */
export type ErrorOf<C extends ErrorCode> = C extends ErrorCode
  ? InstanceType<(typeof problemClasses)[(typeof problemCodes)[C]["status"]]>
  : never

/** What is taken instead (RFC 9110 § 15.5.16). */
const taken = { accept: "application/json", "accept-encoding": "identity" } as const
const soon = { "retry-after": 1 } as const

/** By status: headers that are the same for each of its problems. */
export const headersOfProblem: Readonly<Record<number, Readonly<Record<string, string | number>>>> = {
  415: taken,
  503: soon
}

/** How to show a right, in answers with status 401 (RFC 9110 § 11.6.1). */
export const challengeOf = (code: string): string =>
  code === "signature_refused" ? `Signature realm="dueline"` : `Bearer realm="dueline", error="invalid_token"`

/** The same classes as they travel: content type and, where a status calls for one, a header. */
export const problems = {
  BadRequest: BadRequest.pipe(asProblem),
  Forbidden: Forbidden.pipe(asProblem),
  NotFound: NotFound.pipe(asProblem),
  Conflict: Conflict.pipe(asProblem),
  Gone: Gone.pipe(asProblem),
  Internal: Internal.pipe(asProblem),
  PayloadTooLarge: PayloadTooLarge.pipe(asProblem),
  /** With what is taken instead (RFC 9110 § 15.5.16). */
  UnsupportedMediaType: UnsupportedMediaType.pipe(
    HttpApiSchema.encodeToWithHeaders(
      {
        body: Schema.Struct(problemFields(415)).annotate(annotations(415)).pipe(asProblem),
        headers: { accept: Schema.String, "accept-encoding": Schema.String }
      },
      {
        decode: ({ body }) => new UnsupportedMediaType(body),
        encode: (error) => ({
          body: { ...error },
          headers: taken
        })
      }
    )
  ),
  Unprocessable: Unprocessable.pipe(asProblem),
  PreconditionRequired: PreconditionRequired.pipe(asProblem),
  Unauthenticated: Unauthenticated.pipe(
    HttpApiSchema.encodeToWithHeaders(
      {
        body: Schema.Struct(problemFields(401)).annotate(annotations(401)).pipe(asProblem),
        headers: { "www-authenticate": Schema.String }
      },
      {
        decode: ({ body }) => new Unauthenticated(body),
        encode: (error) => ({
          body: { ...error },
          headers: {
            "www-authenticate": challengeOf(error.code)
          }
        })
      }
    )
  ),
  PreconditionFailed: PreconditionFailed.pipe(
    HttpApiSchema.encodeToWithHeaders(
      {
        body: Schema.Struct(problemFields(412)).annotate(annotations(412)).pipe(asProblem),
        headers: { etag: Schema.String }
      },
      {
        decode: ({ body }) => new PreconditionFailed(body),
        encode: (error) => ({ body: { ...error }, headers: { etag: `"${error.conflict?.actualVersion ?? 0}"` } })
      }
    )
  ),
  Unavailable: Unavailable.pipe(
    HttpApiSchema.encodeToWithHeaders(
      {
        body: Schema.Struct(problemFields(503)).annotate(annotations(503)).pipe(asProblem),
        headers: { "retry-after": Schema.Int }
      },
      {
        decode: ({ body }) => new Unavailable(body),
        encode: (error) => ({ body: { ...error }, headers: soon })
      }
    )
  )
} as const

/** Of an operation with a body. */
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
