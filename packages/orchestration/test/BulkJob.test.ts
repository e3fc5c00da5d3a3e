/** What a bulk job answers: begun once, counted step by step, and over once. */
import { type BulkJobEvent, BulkJobNotFound, BulkJobOver, BulkStepUnexpected } from "@dueline/contracts/bulkJob/BulkJob"
import { describe, it } from "@effect/vitest"
import { BulkJob } from "../src/aggregates/BulkJob.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import * as Steps from "./BulkJobSteps.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"

const { envelope, ms, origin, t0 } = Field
const { abort, bulkJobId, pause, record, resume, start, work } = Steps

const started: BulkJobEvent = {
  _tag: "BulkJobStarted",
  work,
  plan: { at: t0, count: 20, exact: true },
  rate: 50,
  startedBy: "operator",
  origin,
  startedAt: t0
}
const step = (n: number, last = false): BulkJobEvent => ({
  _tag: "BulkStepRecorded",
  step: n,
  done: 3,
  failed: 1,
  skipped: 2,
  after: last ? null : { at: ms(t0 - n), id: bulkJobId }
})
const completed: BulkJobEvent = { _tag: "BulkJobCompleted" }
const paused: BulkJobEvent = { _tag: "BulkJobPaused" }
const asked: BulkJobEvent = { _tag: "BulkJobAbortRequested" }
const aborted: BulkJobEvent = { _tag: "BulkJobAborted" }

aggregateLaws({
  aggregate: BulkJob,
  story: Steps.Story,
  commandsOf: Steps.commandsOf,
  envelope: (command) => envelope(command),
  opening: "BulkJobStarted"
})

describe("a bulk job", () => {
  it("is begun once: the same plan confirmed again is the same job", () => {
    given(BulkJob, []).when(start()).then([started])
    given(BulkJob, [started, step(1)])
      .when(start(9))
      .then([])
    given(BulkJob, []).when(pause()).thenRejected(new BulkJobNotFound({ bulkJobId }))
  })

  it("counts each step once, in order, and is completed by the last", () => {
    given(BulkJob, [started])
      .when(record(1))
      .then([step(1)])
    given(BulkJob, [started, step(1)])
      .when(record(1))
      .then([])
    given(BulkJob, [started, step(1)])
      .when(record(3))
      .thenRejected(new BulkStepUnexpected({ bulkJobId, step: 3 }))
    given(BulkJob, [started, step(1)])
      .when(record(2, 1, true))
      .then([step(2, true), completed])
    given(BulkJob, [started, step(1, true), completed])
      .when(record(2))
      .thenRejected(new BulkJobOver({ bulkJobId, status: "Completed" }))
  })

  it("pauses and goes on, and a step that was begun before the pause still counts", () => {
    given(BulkJob, [started]).when(pause()).then([paused])
    given(BulkJob, [started, paused]).when(pause()).then([])
    given(BulkJob, [started, paused])
      .when(record(1))
      .then([step(1)])
    given(BulkJob, [started, paused])
      .when(resume())
      .then([{ _tag: "BulkJobResumed" }])
    given(BulkJob, [started]).when(resume()).then([])
  })

  it("is aborted when the step that was begun has ended, and nothing after that", () => {
    given(BulkJob, [started, paused]).when(abort()).then([asked])
    given(BulkJob, [started, asked]).when(abort()).then([])
    given(BulkJob, [started, asked])
      .when(record(1))
      .then([step(1), aborted])
    for (const late of [pause(), resume()]) {
      given(BulkJob, [started, asked])
        .when(late)
        .thenRejected(new BulkJobOver({ bulkJobId, status: "Aborting" }))
    }
    given(BulkJob, [started, asked, step(1), aborted])
      .when(record(2))
      .thenRejected(new BulkJobOver({ bulkJobId, status: "Aborted" }))
    given(BulkJob, [started, step(1, true), completed])
      .when(abort())
      .thenRejected(new BulkJobOver({ bulkJobId, status: "Completed" }))
  })
})
