/** What a flow answers: it is defined, defined anew and removed. */
import { FlowNotFound } from "@dueline/contracts/flow/Flow"
import { describe, it } from "@effect/vitest"
import { Flow } from "../src/aggregates/Flow.ts"
import { define, flowId, remove } from "./FlowSteps.ts"
import { given } from "./given.ts"
import { samples } from "./kindSamples.ts"

const { FlowDefined, FlowRemoved } = samples.flow
const bounded = { ...FlowDefined, concurrency: 5, ratePerSecond: null }

describe("a flow", () => {
  it("is defined once with the same bounds, and again with others or after it was removed", () => {
    given(Flow, []).when(remove()).thenRejected(new FlowNotFound({ flowId }))
    given(Flow, [bounded]).when(define(5)).then([])
    given(Flow, [bounded]).when(remove()).then([FlowRemoved])
    given(Flow, [bounded, FlowRemoved]).when(remove()).then([])
  })
})
