/** The one shape of every error: RFC 9457 problem details with a stable `code`. */
import { Schema } from "effect"
import { CorrelationId } from "../Ids.ts"
import { OrderStatus } from "../order/Order.ts"
import { orderConflict } from "../order/OrderBodies.ts"
import { ServiceCallStatus } from "../serviceCall/Rejection.ts"
import { codesOf, type ProblemCode, problemCodes } from "./ProblemCode.ts"

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
