/** A bulk job to tell stories about, and random stories of it. */
import { type BulkJobCommand, BulkJobId, type BulkWork } from "@dueline/contracts/bulkJob/BulkJob"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field

export const bulkJobId = BulkJobId.make("00000000-0000-7000-8000-e40000000001")
export const work: BulkWork = {
  _tag: "RunCalls",
  filter: { status: "Failed", tags: ["a"], dueFrom: null, dueTo: null, search: null }
}

export const start = (at = 0): BulkJobCommand => ({
  _tag: "StartBulkJob",
  bulkJobId,
  at: ms(t0 + at),
  work,
  plan: { at: t0, count: 20, exact: true },
  rate: 50,
  startedBy: "operator",
  origin
})
export const record = (
  step: number,
  at = 1,
  last = false,
  counts = { done: 3, failed: 1, skipped: 2 }
): BulkJobCommand => ({
  _tag: "RecordBulkStep",
  bulkJobId,
  at: ms(t0 + at),
  step,
  ...counts,
  after: last ? null : { at: ms(t0 - step), id: bulkJobId },
  last
})
export const pause = (at = 2): BulkJobCommand => ({ _tag: "PauseBulkJob", bulkJobId, at: ms(t0 + at) })
export const resume = (at = 3): BulkJobCommand => ({ _tag: "ResumeBulkJob", bulkJobId, at: ms(t0 + at) })
export const abort = (at = 4): BulkJobCommand => ({ _tag: "AbortBulkJob", bulkJobId, at: ms(t0 + at) })

const Step = Schema.Struct({
  what: Schema.Literals(["start", "start", "record", "record", "record", "last", "pause", "resume", "abort"]),
  step: Schema.Literals([1, 1, 2, 2, 3, 4]),
  wait: Schema.Literals([0, 1_000])
})
export const Story = Schema.Array(Step)

const commandOf = ({ step, what }: typeof Step.Type, at: number): BulkJobCommand => {
  switch (what) {
    case "start":
      return start(at)
    case "record":
      return record(step, at)
    case "last":
      return record(step, at, true)
    case "pause":
      return pause(at)
    case "resume":
      return resume(at)
    case "abort":
      return abort(at)
  }
}

export const commandsOf = (story: typeof Story.Type): ReadonlyArray<BulkJobCommand> => {
  let at = 0
  return story.map((step) => commandOf(step, (at += step.wait)))
}
