/** Says no: a problem as a value, and a failure with the class of its status. */
import { type ProblemBody, problemBody, type ProblemCode, problemCodes } from "@dueline/contracts/api/Problem"
import { type ErrorCode, type ErrorOf, problemClasses } from "@dueline/contracts/api/ProblemError"
import { Effect, Result } from "effect"
import { CurrentCorrelationId } from "./Correlation.ts"

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
