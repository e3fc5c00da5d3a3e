/** What a process does after a commit: each intent once, each kind in one go, attempts before they are counted. */
import { assert, describe, it } from "@effect/vitest"
import type { Intent } from "@dueline/contracts/Intent"
import { Schema } from "effect"
import { afterCommit } from "../src/work/Orchestrating.ts"

const tags = ["AlarmWanted", "ExecutionRequested", "AttemptEnded", "OutboxFilled", "PauseCommitted"] as const

/** Only tags matter here; `epoch` tells intents of one kind apart. */
const intentOf = (_tag: Intent["_tag"], epoch: number) => ({ _tag, epoch }) as unknown as Intent

const reactionsTo = (committed: ReadonlyArray<Intent>) => {
  const done: Array<readonly [what: string, ...with_: ReadonlyArray<unknown>]> = []
  afterCommit({
    arm: (alarms) => done.push(["arm", alarms]),
    deliver: (intent) => done.push(["deliver", intent]),
    count: (started, ended) => done.push(["count", started, ended]),
    outboxFilled: () => done.push(["outboxFilled"]),
    paused: (pause) => done.push(["paused", pause])
  })(committed)
  return done
}

describe("after a commit", () => {
  it.prop(
    "every intent is acted on, in its order, and each kind in one go",
    { chosen: Schema.Array(Schema.Literals(tags)) },
    ({ chosen }) => {
      const committed = chosen.map(intentOf)
      const of = (tag: Intent["_tag"]) => committed.filter(({ _tag }) => _tag === tag)
      const [started, ended, alarms] = [of("ExecutionRequested"), of("AttemptEnded"), of("AlarmWanted")]
      assert.deepStrictEqual(reactionsTo(committed), [
        ...of("PauseCommitted").map((intent) => ["paused", intent] as const),
        ...started.map((intent) => ["deliver", intent] as const),
        ...(alarms.length > 0 ? [["arm", alarms] as const] : []),
        ...(started.length + ended.length > 0 ? [["count", started, ended] as const] : []),
        ...(of("OutboxFilled").length > 0 ? [["outboxFilled"] as const] : [])
      ])
    },
    { arbitrary: { runs: 200 } }
  )
})
