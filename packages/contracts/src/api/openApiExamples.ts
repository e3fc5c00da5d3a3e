/** Worked examples for the OpenAPI document. */
import type { CorrelationId } from "../Ids.ts"
import { binExamples } from "./binExamples.ts"
import { callExamples } from "./callExamples.ts"
import { customerExamples } from "./customerExamples.ts"
import { orderExamples } from "./orderExamples.ts"
import { problemBody } from "./Problem.ts"
import { codesOf } from "./ProblemCode.ts"
import { systemExamples } from "./systemExamples.ts"

const correlationId = "1y2p0ij32e8e7" as CorrelationId

/** By operation id, then `request` or the status of the answer. */
export const openApiExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ...callExamples,
  ...customerExamples,
  ...binExamples,
  ...orderExamples,
  ...systemExamples
}

/** One problem for each code that goes with the status. */
export const problemExamples = (status: number): Readonly<Record<string, { readonly value: unknown }>> =>
  Object.fromEntries(
    codesOf(status).map((code) => [code, { value: problemBody(code, correlationId, "What to do about it.") }])
  )
