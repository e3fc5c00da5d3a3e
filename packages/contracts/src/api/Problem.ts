/** The one shape of every error: RFC 9457 problem details with a stable `code`. */
import { Schema } from "effect"
import { CorrelationId } from "../Ids.ts"
import { categories, type Category, type Joined, joinTables, kinds } from "../kinds.ts"
import { OrderStatus } from "../order/Order.ts"
import { orderConflict } from "../order/OrderBodies.ts"
import { ServiceCallStatus } from "../serviceCall/Command.ts"

export const problemContentType = "application/problem+json"

export const FieldProblem = Schema.Struct({
  /** Which part of the request and where in it: `body.request.url`, `query.limit`, `header.if-match`. */
  path: Schema.String,
  message: Schema.String,
  code: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "FieldProblem", description: "One thing that is wrong, and where" })
export type FieldProblem = typeof FieldProblem.Type

const Status = Schema.Literals([...new Set([...ServiceCallStatus.literals, ...OrderStatus.literals])])

/** What stands in the way, for whoever wants to do something about it. */
export const ConflictDetails = Schema.Struct({
  status: Schema.optionalKey(Status),
  attempt: Schema.optionalKey(Schema.Int),
  allowed: Schema.optionalKey(Schema.Array(Status)),
  expectedVersion: Schema.optionalKey(Schema.Int),
  actualVersion: Schema.optionalKey(Schema.Int),
  ...orderConflict
}).annotate({ identifier: "ConflictDetails", description: "What stands in the way" })
export type ConflictDetails = typeof ConflictDetails.Type

/** The members of a problem with this status. */
export const problemFields = <S extends number>(status: S) => ({
  type: Schema.String.annotate({ description: "urn:dueline:problem:{code}" }),
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  code: Schema.Literals(codesOf(status)),
  correlationId: CorrelationId,
  instance: Schema.optionalKey(Schema.String),
  errors: Schema.optionalKey(Schema.Array(FieldProblem)),
  conflict: Schema.optionalKey(ConflictDetails)
})

export interface ProblemBody<C extends ProblemCode = ProblemCode> {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: C
  readonly correlationId: CorrelationId
  readonly instance?: string
  readonly errors?: ReadonlyArray<FieldProblem>
  readonly conflict?: ConflictDetails
}

/** Fills in what follows from the code. `detail` says what to do about this very request. */
export const problemBody = <C extends ProblemCode>(
  code: C,
  correlationId: CorrelationId,
  detail: string,
  more?: Pick<ProblemBody, "instance" | "errors" | "conflict">
): ProblemBody<C> => ({
  type: `urn:dueline:problem:${code}`,
  title: problemCodes[code].title,
  status: problemCodes[code].status,
  detail,
  code,
  correlationId,
  ...more
})

/**
 * Every reason for which the API says no: a stable code, its status, and a sentence. Codes are never renamed or reused. Those of single
 * kinds stand with their kind.
 */
const of = <S extends number>(status: S, title: string): { readonly status: S; readonly title: string } => ({
  status,
  title
})

const general = {
  malformed_request: of(400, "The request is not well-formed HTTP."),
  malformed_json: of(400, "The body is not valid JSON in UTF-8."),
  malformed_etag: of(400, "If-Match or If-None-Match is not a list of entity tags."),
  invalid_cursor: of(400, "The cursor was not issued for this list and filter."),
  invalid_tenant: of(400, "X-Tenant-Id is not a tenant id."),
  tenant_required: of(400, "The token is good for several tenants: name one in X-Tenant-Id."),
  unauthenticated: of(401, "There is no valid access token."),
  insufficient_scope: of(403, "The access token lacks the scope this needs."),
  sign_in_refused: of(403, "The sign-in does not let this person in."),
  foreign_origin: of(403, "A session is used by pages of this edge alone."),
  foreign_tenant: of(403, "The access token is not good for this tenant."),
  unknown_tenant: of(403, "There is no such tenant."),
  tenant_suspended: of(403, "The tenant is suspended."),
  tenant_deleted: of(403, "The tenant was deleted, or is being deleted."),
  not_found: of(404, "There is nothing at this address."),
  sign_in_not_configured: of(404, "No identity provider is configured."),
  session_not_found: of(404, "There is no such session that the asker may see."),
  dead_letter_not_found: of(404, "There is no such dead letter in this tenant."),
  method_not_allowed: of(405, "This address does not take this method."),
  request_timeout: of(408, "The request took too long to arrive."),
  dead_letter_not_waiting: of(409, "The dead letter was replayed."),
  already_dispatched: of(409, "Too late: an attempt was begun."),
  illegal_transition: of(409, "The service call is not in a state that allows this."),
  request_not_kept: of(409, "The request of the service call was not kept when it failed."),
  version_mismatch: of(412, "What is meant has changed since it was read."),
  body_too_large: of(413, "The body is larger than allowed."),
  unsupported_media_type: of(415, "The body must be application/json."),
  expectation_failed: of(417, "An expectation other than 100-continue cannot be met."),
  invalid_request: of(422, "The request is understood and not acceptable."),
  due_at_out_of_range: of(422, "The due time is too far away."),
  retention_out_of_bounds: of(422, "The installation does not allow things to be kept so long, or so short."),
  request_refused: of(422, "The HTTP request to be made is not allowed."),
  if_match_required: of(428, "Say which version is meant: send If-Match."),
  rate_limited: of(429, "The tenant asks more often than it may."),
  header_too_large: of(431, "The request's headers are larger than allowed."),
  internal: of(500, "Something went wrong on our side."),
  overloaded: of(503, "Too much is waiting. Nothing happened; ask again a little later."),
  sign_in_unavailable: of(503, "The identity provider does not answer."),
  unavailable: of(503, "The store does not answer. Ask again with the same Idempotency-Key.")
} as const

const lastOf422 = {
  invalid_filter: of(422, "The filter is not one."),
  idempotency_key_reused: of(422, "The idempotency key was used for another request.")
} as const

type Kind = (typeof kinds)[Category]
type Codes = typeof general & Joined<Kind["missing"]> & Joined<Kind["problems"]> & typeof lastOf422

const joined = joinTables<{ readonly status: number; readonly title: string }>([
  general,
  ...categories.map((category) => kinds[category].missing),
  ...[...categories].sort().map((category) => kinds[category].problems),
  lastOf422
])

/** By status; of one status those of any request first, then those of single kinds. */
export const problemCodes = Object.fromEntries(
  Object.entries(joined).sort(([, a], [, b]) => a.status - b.status)
) as unknown as Codes

export type ProblemCode = keyof typeof problemCodes

/** The codes that go with one status. */
export type CodeOf<S extends number> = {
  [C in ProblemCode]: (typeof problemCodes)[C]["status"] extends S ? C : never
}[ProblemCode]

export const codesOf = <S extends number>(status: S): ReadonlyArray<CodeOf<S>> =>
  (Object.keys(problemCodes) as ReadonlyArray<ProblemCode>).filter(
    (code): code is CodeOf<S> => problemCodes[code].status === status
  )

export const ProblemCode = Schema.Literals(Object.keys(problemCodes) as ReadonlyArray<ProblemCode>)
