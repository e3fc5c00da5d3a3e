/**
 * What operations are made of that follows from all kinds of aggregate together: problems, whose codes stand with the kinds, scopes and rate
 * classes, and the middleware that answers with those problems. The operations of a kind are a function of it, so that they can stand in the
 * kind's entry: first the entries, then what follows from all of them, then the operations.
 */
import { BearerAuth, ChecksAttributes, RequestChecks, RequiredScope } from "./Access.ts"
import { bodyErrors, changeErrors, commandErrors, creationErrors, problems } from "./ProblemError.ts"
import { CountedAs, RateLimit, tooManyRequests } from "./RateLimit.ts"

/** An interface, whose members the compiler asks for one by one: their types follow from the entries, and an entry names this. */
export interface OperationParts {
  readonly BearerAuth: typeof BearerAuth
  readonly ChecksAttributes: typeof ChecksAttributes
  readonly CountedAs: typeof CountedAs
  readonly RateLimit: typeof RateLimit
  readonly RequestChecks: typeof RequestChecks
  readonly RequiredScope: typeof RequiredScope
  readonly bodyErrors: typeof bodyErrors
  readonly changeErrors: typeof changeErrors
  readonly commandErrors: typeof commandErrors
  readonly creationErrors: typeof creationErrors
  readonly problems: typeof problems
  readonly tooManyRequests: typeof tooManyRequests
}

export const operationParts: OperationParts = {
  BearerAuth,
  ChecksAttributes,
  CountedAs,
  RateLimit,
  RequestChecks,
  RequiredScope,
  bodyErrors,
  changeErrors,
  commandErrors,
  creationErrors,
  problems,
  tooManyRequests
}

/** What comes back is left open: its type follows from the problems of all kinds, hence from all entries. Each kind says it more exactly. */
export interface MakeOperations {
  (parts: OperationParts): void
}
