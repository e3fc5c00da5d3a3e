/** Says no: builds the problem for a code and fails with the class of its status. */
import { type ProblemBody, problemBody } from "@dueline/contracts/api/Problem"
import { problemCodes } from "@dueline/contracts/api/ProblemCode"
import { type ErrorCode, type ErrorOf, problemClasses } from "@dueline/contracts/api/ProblemError"
import { Effect } from "effect"
import { CurrentCorrelationId } from "./Correlation.ts"

export type Details = Pick<ProblemBody, "errors" | "conflict">

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
