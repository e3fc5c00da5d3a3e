/** Commands about one pause, and random lives of it. */
import { type PauseCommand, PauseId } from "@dueline/contracts/pause/Pause"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field
export const pauseId = PauseId.make("00000000-0000-7000-8000-ba0000000001")

export const create = (fingerprint: string | null = "f1", at = 0): PauseCommand => ({
  _tag: "CreatePause",
  pauseId,
  at: ms(t0 + at),
  of: "target",
  key: "api.example.com",
  reason: "they are moving",
  pausedBy: "operator",
  fingerprint,
  origin
})
/** At a rate that each step has for itself. */
export const resume = (releasePerSecond: number | null, at = 10): PauseCommand => ({
  _tag: "ResumePause",
  pauseId,
  at: ms(t0 + at),
  resumedBy: "operator",
  releasePerSecond
})

export const PauseStory = Schema.Array(
  Schema.Struct({
    what: Schema.Literals(["create", "create", "resume"]),
    fingerprint: Schema.Literals(["f1", "f1", "f2"]),
    rate: Schema.NullOr(Schema.Literals([1, 20]))
  })
)

export const pauseCommands = (story: typeof PauseStory.Type): ReadonlyArray<PauseCommand> =>
  story.map(({ fingerprint, rate, what }, at) => (what === "create" ? create(fingerprint, at) : resume(rate, at)))
