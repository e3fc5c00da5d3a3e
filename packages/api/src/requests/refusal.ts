/**
 * Why commands are refused, as data: every rejection of a kind has the code of its problem, what to do about it, and details. Status and
 * error class follow from the code. A rejection without an entry does not compile.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { type ProblemBody, problemBody, type ProblemCode, problemCodes } from "@dueline/contracts/api/Problem"
import { type ErrorCode, type ErrorOf, problemClasses } from "@dueline/contracts/api/ProblemError"
import type { IdempotencyKeyReused, Overloaded, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Result } from "effect"
import { CurrentCorrelationId } from "./headers.ts"

/** Says no: a problem as a value, and a failure with the class of its status. */
export type Details = Pick<ProblemBody, "errors" | "conflict">

/** A problem that does not know yet which request it is about. */
export interface Denial<C extends ProblemCode = ProblemCode> {
  readonly code: C
  readonly detail: string
  readonly details?: Details | undefined
}

export const denied = <C extends ProblemCode>(code: C, detail: string, details?: Details): Denial<C> => ({
  code,
  detail,
  details
})

export const deny = <C extends ErrorCode>({ code, detail, details }: Denial<C>): Effect.Effect<never, ErrorOf<C>> =>
  reject(code, detail, details)

export const orDeny = <A, C extends ErrorCode>(result: Result.Result<A, Denial<C>>): Effect.Effect<A, ErrorOf<C>> =>
  Result.isSuccess(result) ? Effect.succeed(result.success) : deny(result.failure)

export const reject = <C extends ErrorCode>(
  code: C,
  detail: string,
  details?: Details
): Effect.Effect<never, ErrorOf<C>> => {
  const Problem = problemClasses[problemCodes[code].status] as unknown as new (body: ProblemBody<C>) => ErrorOf<C>
  return Effect.withFiber((fiber) =>
    Effect.fail(new Problem(problemBody(code, fiber.getRef(CurrentCorrelationId), detail, details)))
  )
}

type Tagged = { readonly _tag: string }

export interface Refused<R> {
  readonly code: ErrorCode
  readonly advice: string | ((rejection: R) => string)
  readonly details?: (rejection: R, tenantId: TenantId) => Details | Effect.Effect<Details>
  /** Met by what exists and never by what is created: there it is a defect. */
  readonly existing?: true
}

/** One entry for each rejection. */
export type Refusals<R extends Tagged> = {
  readonly [Tag in R["_tag"]]: Refused<Extract<R, { readonly _tag: Tag }>>
}

export const notFound = <C extends ErrorCode>(code: C) =>
  ({ code, advice: "Check the id and the tenant.", existing: true }) as const

/** Also for an id that was derived from a key which once named another request. */
export const keyReused = {
  code: "idempotency_key_reused",
  advice: "Use a new Idempotency-Key for a new request."
} as const

const staleAdvice = "Read it again and decide anew; its ETag is in this answer."

/** What any command may be refused for. */
const common = {
  VersionMismatch: {
    code: "version_mismatch",
    advice: staleAdvice,
    details: ({ actual, expected }) => ({ conflict: { expectedVersion: expected, actualVersion: actual } }),
    existing: true
  },
  IdempotencyKeyReused: keyReused,
  Overloaded: {
    code: "overloaded",
    advice: "Nothing was stored. Ask again after the time in Retry-After."
  },
  /** The store may have done it, or may yet do it, without our hearing of it. */
  StoreUnavailable: {
    code: "unavailable",
    advice:
      "The store did not answer in time; what you asked for may still happen. Ask again after the time in Retry-After with the same " +
      "Idempotency-Key: it happens once, and you are told what became of it. Without a key, look before you ask again."
  }
} as const satisfies Refusals<VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable>

type Common = typeof common
/** A table whose entries keep their codes. */
export type Table = Readonly<Record<string, Refused<never>>>
type Existing<T extends Table> = {
  readonly [Tag in keyof T]: T[Tag] extends { readonly existing: true } ? Tag : never
}[keyof T]
type Problems<T extends Table, Except> = ErrorOf<T[Exclude<keyof T, Except>]["code"]>

/** What a change fails with. `Except`: rejections that it cannot meet. */
export type ChangeProblem<T extends Table, Except = never> = Problems<T, Except> | Problems<Common, never>
/** What a creation fails with. */
export type CreationProblem<T extends Table> = Problems<T, Existing<T>> | Problems<Common, Existing<Common>>

/** The refusals that a table has an entry for. */
type RefusalIn<T extends Table> = { readonly _tag: (keyof T & string) | keyof Common }

const detailOf = ({ advice }: Refused<never>, rejection: Tagged): string =>
  typeof advice === "string" ? advice : advice(rejection as never)

const explain = (entry: Refused<never>, rejection: Tagged, tenantId: TenantId) => {
  const detail = detailOf(entry, rejection)
  const more = entry.details?.(rejection as never, tenantId)
  const rejected = Effect.isEffect(more)
    ? Effect.flatMap(more, (found) => reject(entry.code, detail, found))
    : reject(entry.code, detail, more)
  return isUnavailable(rejection) ? Effect.andThen(logUnavailable(rejection), rejected) : rejected
}

const isUnavailable = (refusal: Tagged): refusal is StoreUnavailable => refusal._tag === "StoreUnavailable"

/** One in which nothing has to be looked up. */
type Plain = Omit<Refused<never>, "details"> & {
  readonly details?: (rejection: never, tenantId: TenantId) => Details
}
type PlainTable = Readonly<Record<string, Plain>>

/**
 * The problem of a creation that was refused, as a value. Null for what is a defect: whatever only an existing aggregate can meet.
 * `log`: for what is to be logged.
 */
export const deniedCreation =
  <T extends PlainTable>(table: T, log: (effect: Effect.Effect<void>) => void) =>
  (refusal: RefusalIn<T>, tenantId: TenantId): Denial<ErrorCode> | null => {
    const entry = (table[refusal._tag] ?? (common as PlainTable)[refusal._tag]) as Plain | undefined
    if (entry === undefined || entry.existing === true) return null
    if (isUnavailable(refusal)) log(logUnavailable(refusal))
    return denied(entry.code, detailOf(entry, refusal), entry.details?.(refusal as never, tenantId))
  }

const entryFor = (table: Table, { _tag }: Tagged): Refused<never> | undefined => table[_tag] ?? (common as Table)[_tag]

/** The problem of a change that was refused. `except`: the tags of rejections that it cannot meet, so that they are defects. */
export const refusedChange =
  <T extends Table, Except extends keyof T = never>(table: T, except: ReadonlyArray<Except> = []) =>
  (refusal: RefusalIn<T>, tenantId: TenantId): Effect.Effect<never, ChangeProblem<T, Except>> => {
    const entry = entryFor(table, refusal)
    return entry === undefined || (except as ReadonlyArray<string>).includes(refusal._tag)
      ? Effect.die(refusal)
      : (explain(entry, refusal, tenantId) as Effect.Effect<never, ChangeProblem<T, Except>>)
  }

/** The same for what is created: whatever only an existing aggregate can meet is a defect. */
export const refusedCreation =
  <T extends Table>(table: T) =>
  (refusal: RefusalIn<T>, tenantId: TenantId): Effect.Effect<never, CreationProblem<T>> => {
    const entry = entryFor(table, refusal)
    return entry === undefined || entry.existing === true
      ? Effect.die(refusal)
      : (explain(entry, refusal, tenantId) as Effect.Effect<never, CreationProblem<T>>)
  }

export const stale = (expectedVersion: number, actualVersion: number) =>
  reject("version_mismatch", staleAdvice, { conflict: { expectedVersion, actualVersion } })

const unread = denied("unavailable", "The store did not answer in time. Ask again after the time in Retry-After.")

/** For what only reads. */
export const storeUnavailable = (error: StoreUnavailable) => Effect.andThen(logUnavailable(error), deny(unread))

/** The same as a value. `log`: for what is to be logged. */
export const deniedRead =
  (log: (effect: Effect.Effect<void>) => void) =>
  (error: StoreUnavailable): Denial<"unavailable"> => {
    log(logUnavailable(error))
    return unread
  }

const logUnavailable = (error: StoreUnavailable) =>
  Effect.logWarning("store unavailable", { operation: error.operation, why: innermostWords(error) })

const maxWords = 200

/** What the driver or the server said, from under the wrappers. */
const innermostWords = (error: unknown): string => {
  let words = ""
  let at: unknown = error
  for (let depth = 0; depth < 8 && typeof at === "object" && at !== null; depth++) {
    if ("message" in at && typeof at.message === "string" && at.message !== "") words = at.message
    at = "reason" in at ? at.reason : "cause" in at ? at.cause : null
  }
  return words.slice(0, maxWords)
}
