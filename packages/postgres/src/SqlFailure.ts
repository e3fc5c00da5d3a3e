/** Tells retryable failures of the database from defects, which are mistakes of this program. */
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"

/** What PostgreSQL said, when it said something. `code` is the SQLSTATE. */
export interface ServerWords {
  readonly code: string
  /** Its own sentence. */
  readonly message: string
  readonly detail: string
  /** The constraint that was violated. */
  readonly constraint: string
}

const text = (value: unknown): string => (typeof value === "string" ? value : "")

export const serverWords = (error: SqlError): ServerWords => {
  const cause = error.reason.cause
  if (typeof cause !== "object" || cause === null) return { code: "", message: "", detail: "", constraint: "" }
  return {
    code: "code" in cause ? text(cause.code) : "",
    message: "message" in cause ? text(cause.message) : "",
    detail: "detail" in cause ? text(cause.detail) : "",
    constraint: "constraint" in cause ? text(cause.constraint) : ""
  }
}

/** By class of SQLSTATE: 08 connection, 40 rolled back, 53 resources, 57 operator, 58 system; 25006 is a standby, 55P03 a lock. */
const passing = /^(?:08|40|53|57|58|25006|55P03)/u

const isRetryable = (error: SqlError): boolean => error.isRetryable || passing.test(serverWords(error).code)

const isSqlFailure = (error: unknown): error is SqlError =>
  typeof error === "object" && error !== null && "_tag" in error && error._tag === "SqlError"

/**
 * A connection that served before and turned out to be dead when it was used: ended by the server (57P01, 57P02), reset, or closed.
 * Nothing was answered on it. A server that cannot be reached at all is another matter.
 */
const deadCode = /^(?:57P01|57P02|ECONNRESET|EPIPE)$/u
const deadWords = /connection (?:closed|terminated)|socket error/iu

export const isDeadConnection = (error: SqlError): boolean => {
  const { code } = serverWords(error)
  if (code !== "") return deadCode.test(code)
  return error.reason._tag === "ConnectionError" && deadWords.test(error.reason.message ?? error.message)
}

/** A transaction whose connection died says so as a defect, since it cannot be rolled back; with its connection it is over at the server too. */
const deadAsFailure = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | SqlError, R> =>
  Effect.catchDefect(effect, (defect) =>
    isSqlFailure(defect) && isDeadConnection(defect) ? Effect.fail(defect) : Effect.die(defect)
  )

/** Retryable failures become `StoreUnavailable`, everything else dies. */
export const retryable =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, SqlError | E, R>) =>
    Effect.catchIf(deadAsFailure(effect), isSqlFailure, (error) =>
      isRetryable(error) ? Effect.fail(new StoreUnavailable({ operation, cause: error })) : Effect.die(error)
    )

/** Longer than any statement may take at the server, so that the server's own verdict comes first. */
const patience = "12 seconds"

/** As `retryable`, and bounds the question in time. */
export const asking =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, SqlError | E, R>) =>
    effect.pipe(
      retryable(operation),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: () => Effect.fail(new StoreUnavailable({ operation, cause: new Error(`no answer within ${patience}`) }))
      })
    )

/** A server that ends one idle connection often ends all of them: one more question than a pool usually has connections. */
const deadConnectionsMet = 4

/** As `asking`, for what only reads: asked again at once, on another connection, when its connection proves dead. */
export const reading =
  (operation: string) =>
  <A, E, R>(effect: Effect.Effect<A, SqlError | E, R>) =>
    deadAsFailure(effect).pipe(
      Effect.retry({ times: deadConnectionsMet, while: (error) => isSqlFailure(error) && isDeadConnection(error) }),
      asking(operation)
    )
