/** What a pause answers: it is made once, and resumed. */
import { PauseNotFound } from "@dueline/contracts/pause/Pause"
import { describe, it } from "@effect/vitest"
import { Pause } from "../src/aggregates/Pause.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import { envelope, t0 } from "./FieldSample.ts"
import { given } from "./given.ts"
import { create, pauseId, resume } from "./PauseSteps.ts"
import { assert } from "@effect/vitest"
import { samples } from "./kindSamples.ts"

const { PauseCreated, PauseResumed } = samples.pause

describe("a pause", () => {
  it("is resumed once at one rate, and again at another", { tags: ["ADR-0042.1"] }, () => {
    given(Pause, []).when(resume(20)).thenRejected(new PauseNotFound({ pauseId }))
    given(Pause, [PauseCreated]).when(resume(20)).then([PauseResumed])
    given(Pause, [PauseCreated, PauseResumed]).when(resume(20)).then([])
    given(Pause, [PauseCreated, PauseResumed])
      .when(resume(null))
      .then([{ _tag: "PauseResumed", resumedBy: "operator", releasePerSecond: null }])
  })

  it("keeps who paused and resumed and why, and releases what was due when it was first resumed", () => {
    const on = new AggregateUnderTest(Pause, (command) => envelope(command))
    on.ask(create())
    on.ask(resume(5, 10))
    on.ask(resume(50, 90))
    const row = on.turns.at(-1)?.commit?.row
    assert.deepInclude(row as object, {
      reason: "they are moving",
      pausedBy: "operator",
      status: "Resumed",
      resumedAt: t0 + 10,
      resumedBy: "operator",
      releasePerSecond: 50
    })
  })
})
