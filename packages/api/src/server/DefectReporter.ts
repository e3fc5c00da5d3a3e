/**
 * Logs what nobody expected: without it a 500 would be silent. The caller is told the correlation id and nothing else.
 *
 * A defect that every request meets must not fill the log: each kind is told at once, and then once a minute with how often it came.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { Cause, Clock, Context, Effect, ErrorReporter } from "effect"
import { HttpServerError, HttpServerRequest } from "effect/http"

/** What the caller is told beside it. */
export const defectDetail = "Tell us the correlation id; it is in our log."

const quietMs = 60_000
/** Kinds that are kept apart; more of them are told as one. */
const maxKinds = 100
const maxKindLength = 160

interface Kind {
  toldAt: bigint
  since: number
}

/** Whether to tell of one more of this kind, and how many came untold since the last time; null for not now. By the monotonic clock. */
const makeTally = () => {
  const kinds = new Map<string, Kind>()
  return (name: string, now: bigint): number | null => {
    const key = kinds.has(name) || kinds.size < maxKinds ? name : "others"
    const kind = kinds.get(key)
    if (kind === undefined) {
      kinds.set(key, { toldAt: now, since: 0 })
      return 0
    }
    if (now - kind.toldAt < BigInt(quietMs) * 1_000_000n) {
      kind.since++
      return null
    }
    const untold = kind.since
    kind.toldAt = now
    kind.since = 0
    return untold
  }
}

/** By its first line, without what differs from one to the next. */
const kindOf = (cause: Cause.Cause<unknown>): string => {
  const squashed = Cause.squash(cause)
  const words = squashed instanceof Error ? `${squashed.name}: ${squashed.message}` : String(squashed)
  return (words.split("\n", 1)[0] ?? "").replaceAll(/[0-9a-f]{8,}|\d+/gu, "#").slice(0, maxKindLength)
}

export type Report = (message: string, cause: Cause.Cause<unknown>) => Effect.Effect<void>

export const makeReport = (): Report => {
  const tally = makeTally()
  return (message, cause) =>
    Effect.flatMap(Clock.monotonicTimeNanos, (now) => {
      const untold = tally(kindOf(cause), now)
      if (untold === null) return Effect.void
      return untold === 0
        ? Effect.logError(message, cause)
        : Effect.logError(message, { untoldOfThisKind: untold }, cause)
    })
}

/** A request that could not be read is the caller's mistake, not ours. */
const isRequestError = (error: unknown): boolean =>
  HttpServerError.isHttpServerError(error) &&
  error.reason._tag !== "InternalError" &&
  error.reason._tag !== "ResponseError"

/** Whose a request is, once that is known: what fails is told of outside of where it was found out. */
export const tenantOfRequest = new WeakMap<object, TenantId>()

const makeReporter = (report: Report) =>
  ErrorReporter.make(({ cause, error, fiber }) => {
    if (isRequestError(error)) return
    const request = Context.getOrUndefined(fiber.context, HttpServerRequest.HttpServerRequest)
    const tenantId = request === undefined ? undefined : tenantOfRequest.get(request.source)
    Effect.runForkWith(fiber.context)(
      Effect.annotateLogs(report("request failed", cause), tenantId === undefined ? {} : { tenantId })
    )
  })

export const layer = ErrorReporter.layer([makeReporter(makeReport())])
