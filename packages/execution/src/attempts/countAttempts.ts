/** Counts attempts by what came of them. Additions to fields: every attempt passes here. */
import { HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import type { Counter } from "@dueline/contracts/telemetry/Instruments"
import type { Metrics } from "@dueline/contracts/telemetry/Metrics"
import type { Made } from "./recordAttempt.ts"

/** Classes of answers, and reasons, are there from the start, so that a rate can be taken from the first of them on. */
const classes = ["2xx", "3xx", "4xx", "5xx"]

export const countAttempts = ({ attemptDuration, attemptLateness, attempts, handBacks }: Metrics) => {
  const byClass = new Map<number, Counter>(classes.map((name) => [Number(name[0]), attempts.of(name)]))
  for (const reason of HandBackReason.literals) handBacks.of(reason)
  return {
    /** `dueAt`, `sentAt`: epoch milliseconds; of one whose first byte never left there is no lateness. */
    made: (dueAt: number, sentAt: number | null, result: Made): void => {
      const counter = result._tag === "Answered" ? byClass.get(Math.floor(result.status / 100)) : undefined
      ;(counter ?? attempts.of(result._tag === "Answered" ? "other" : result.reason)).add()
      attemptDuration.observe(result.durationMs / 1_000)
      if (sentAt !== null) attemptLateness.observe(Math.max(0, sentAt - dueAt) / 1_000)
    },
    handedBack: (reason: HandBackReason): void => handBacks.of(reason).add()
  }
}
