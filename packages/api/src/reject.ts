/** Says no: builds the problem for a code and fails with the class of its status. */
import { type ProblemBody, problemBody } from "@dueline/contracts/api/Problem"
import type { ProblemCode } from "@dueline/contracts/api/ProblemCode"
import { Effect } from "effect"
import { CurrentCorrelationId } from "./Correlation.ts"

type Details = Pick<ProblemBody, "errors" | "conflict">

export const reject = <C extends ProblemCode, E>(
  Problem: new (body: ProblemBody<C>) => E,
  code: C,
  detail: string,
  details?: Details
): Effect.Effect<never, E> =>
  Effect.withFiber((fiber) =>
    Effect.fail(new Problem(problemBody(code, fiber.getRef(CurrentCorrelationId), detail, details)))
  )
