/**
 * What this process does at once because of a commit: one pass over its intents, on the writer's stack. Nothing here waits or throws, and
 * whatever is lost is found again in the tables.
 */
import type { AttemptEnded, ExecutionRequested, Intent } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"

export interface Reactions {
  readonly arm: (alarms: ReadonlyArray<Alarm>) => void
  /** Delivers one attempt to its worker. */
  readonly deliver: (intent: ExecutionRequested) => void
  /** Keeps count of what is under way; what was delivered counts as the worker's already. */
  readonly count: (started: ReadonlyArray<ExecutionRequested>, ended: ReadonlyArray<AttemptEnded>) => void
  /** There are new outbox rows. */
  readonly outboxFilled: () => void
}

export const afterCommit =
  ({ arm, count, deliver, outboxFilled }: Reactions) =>
  (intents: ReadonlyArray<Intent>): void => {
    const alarms: Array<Alarm> = []
    const started: Array<ExecutionRequested> = []
    const ended: Array<AttemptEnded> = []
    let filled = false
    for (const intent of intents) {
      switch (intent._tag) {
        case "AlarmWanted":
          alarms.push(intent)
          break
        case "ExecutionRequested":
          started.push(intent)
          break
        case "AttemptEnded":
          ended.push(intent)
          break
        case "OutboxFilled":
          filled = true
          break
        default:
          intent satisfies never
      }
    }
    for (const intent of started) deliver(intent)
    if (alarms.length > 0) arm(alarms)
    if (started.length > 0 || ended.length > 0) count(started, ended)
    if (filled) outboxFilled()
  }
