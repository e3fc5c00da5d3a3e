/** Random stories: steps that are aimed at the state they meet, so that short stories get far, and miss it often enough. */
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason, HandBackReason, leadMs } from "@dueline/contracts/serviceCall/Spec"
import { Schema } from "effect"
import { wakeAtOf } from "../src/aggregates/service-call/State.ts"
import { CallUnderTest } from "./CallUnderTest.ts"
import * as Call from "./ServiceCallSample.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const kinds = [
  ...["due", "due", "due", "due", "due", "due", "due", "failure", "failure", "failure", "failure", "failure"],
  ...[
    "handBack",
    "handBack",
    "due",
    "lost",
    "lost",
    "rerun",
    "rerun",
    "rerun",
    "reschedule",
    "submit",
    "submitOther",
    "success",
    "cancel"
  ]
] as const
/** How far a command is off its mark: mostly not at all. */
const shifts = [0, 0, 0, 0, 0, -1, -2, 1] as const

export const Step = Schema.Struct({
  kind: between(0, kinds.length - 1),
  shift: between(0, shifts.length - 1),
  wait: between(0, 3_000),
  maxAttempts: between(1, 3),
  retryable: Schema.Literals([true, true, false]),
  retryAfterMs: Schema.NullOr(between(0, 5_000)),
  roll: between(0, 99)
})
export type Step = typeof Step.Type

/** Up to forty steps: fewer than the results a call remembers, so no memory has run out. */
export const Story = Schema.Array(Step).check(Schema.isMaxLength(40))

export const commandOf = (step: Step, on: CallUnderTest, now: number): ServiceCallCommand => {
  const { state } = on.memory
  const shift = shifts[step.shift] ?? 0
  const at = Call.ms(now + step.wait)
  const known = state._tag === "NotSubmitted" ? { epoch: 0, revision: 1, dueAt: Call.dueAt, notBefore: null } : state
  const wakeAt = wakeAtOf(known)
  const epoch = known.epoch + shift
  switch (kinds[step.kind]) {
    case "due": {
      // One millisecond too early when the clock allows it, else now or as early as may be, whichever is later.
      const aim = Call.ms(Math.max(now, wakeAt - leadMs - (shift === -2 ? 1 : 0)))
      return Call.due({ at: aim, revision: known.revision + (shift === -2 ? 0 : shift) })
    }
    case "failure":
      return Call.failure({
        at,
        epoch,
        retryable: step.retryable,
        retryAfterMs: step.retryAfterMs,
        roll: step.roll / 100
      })
    case "success":
      return Call.success({ at, epoch })
    case "lost":
      return { ...Call.lost(epoch), at }
    case "handBack": {
      const reason = HandBackReason.literals[step.roll % HandBackReason.literals.length] ?? "draining"
      return Call.handBack({
        at,
        epoch,
        ...carryHandBackReason(reason),
        retryAt: Call.ms(now + (step.retryAfterMs ?? 0))
      })
    }
    case "rerun":
      return Call.rerun({ at })
    case "reschedule":
      return Call.reschedule({ at, dueAt: Call.ms(now + step.wait * 2) })
    case "cancel":
      return Call.cancel({ at })
    case "submitOther":
      return Call.submit({ at, fingerprint: "f2" })
    default:
      return Call.submit({ at, spec: Call.spec({ maxAttempts: step.maxAttempts, jitter: step.roll / 100 }) })
  }
}

/** Plays a story from the submission on. The clock never runs back. */
export const play = (story: ReadonlyArray<Step>): CallUnderTest => {
  const on = new CallUnderTest()
  const maxAttempts = story[0]?.maxAttempts ?? 3
  on.ask(Call.submit({ spec: Call.spec({ maxAttempts, initialDelayMs: 500, maxDelayMs: 4_000, jitter: 0.5 }) }))
  for (const step of story) on.ask(commandOf(step, on, on.turns.at(-1)?.command.at ?? Call.t0))
  return on
}
