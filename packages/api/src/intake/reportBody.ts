/**
 * The body of a report: JSON, maybe under gzip, which clients of analytics send. Its bound holds for what comes out of that too. An object with
 * a name twice is refused, since parsers differ in which of the two they take.
 */
import type { BadRequest, Unprocessable } from "@dueline/contracts/api/ProblemError"
import { Effect, Result } from "effect"
import * as ByteSize from "effect/ByteSize"
import { HttpIncomingMessage, type HttpServerRequest } from "effect/http"
import { gunzip } from "node:zlib"
import { deny, reject } from "../requests/refusal.ts"
import { inFull } from "../requests/fieldProblems.ts"
import { fieldsIn, repeatedAmong } from "../requests/repeatedName.ts"
import { type BodyProblem, invalidRequest, mediaProblem, parseJson, unreadable } from "../requests/requestBody.ts"

export interface Report {
  readonly value: unknown
  /** Whether a character in it may be written as an escape: only then it can be one that cannot be kept. */
  readonly escaped: boolean
  /** Every number in it keeps its value. */
  readonly exact: boolean
}

export interface ReportOptions {
  /** Takes JSON whatever `Content-Type` says: some clients call it a form. */
  readonly anyType: boolean
  /** Of the body, and of what it unpacks to; the edge's own bound when left out. */
  readonly maxBytes?: number
}

const defaultMaxBytes = 256 * 1024

const unpacked = (bytes: Uint8Array, maxBytes: number) =>
  Effect.callback<Uint8Array, BodyProblem>((resume) => {
    gunzip(bytes, { maxOutputLength: maxBytes }, (error, plain) => {
      if (error === null) return resume(Effect.succeed(plain))
      resume(
        "code" in error && error.code === "ERR_BUFFER_TOO_LARGE"
          ? reject("body_too_large", `Unpacked it has more than ${maxBytes} bytes: send fewer events at once.`)
          : reject(
              "malformed_request",
              "The body is not gzip, as Content-Encoding says: send it as it is, or pack it whole."
            )
      )
    })
  })

export const readReport = Effect.fnUntraced(function* (
  request: HttpServerRequest.HttpServerRequest,
  { anyType, maxBytes = defaultMaxBytes }: ReportOptions
) {
  const { "content-encoding": coding, "content-type": type } = request.headers
  const packed = coding?.trim().toLowerCase() === "gzip"
  const refused = mediaProblem(anyType ? undefined : type, packed ? undefined : coding)
  if (refused !== null) return yield* deny({ ...refused, detail: `${refused.detail} Here gzip is read too.` })
  const sent = yield* Effect.matchEffect(
    Effect.provideService(request.arrayBuffer, HttpIncomingMessage.MaxBodySize, ByteSize.bytes(maxBytes)),
    { onFailure: unreadable, onSuccess: (bytes) => Effect.succeed(new Uint8Array(bytes)) }
  )
  return yield* reportIn(packed ? yield* unpacked(sent, maxBytes) : sent)
})

/** What the bytes of a body say. */
export const reportIn = (bytes: Uint8Array): Effect.Effect<Report, BadRequest | Unprocessable> => {
  const parsed = parseJson(bytes)
  if (Result.isFailure(parsed)) return reject("malformed_json", parsed.failure)
  const { exact, text, value } = parsed.success
  const repeated = repeatedAmong(text, fieldsIn(value))
  return repeated === null
    ? Effect.succeed({ value, escaped: text.includes("\\u"), exact })
    : invalidRequest([inFull.repeated("body", repeated)])
}
