import { assert, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type CheckerName, checkers, judge } from "../src/checkers.ts"
import { oneResult } from "../src/checks/logs.ts"
import type { Evidence } from "../src/Evidence.ts"
import { readHistory, writeHistory } from "../src/History.ts"
import { report } from "../src/report.ts"
import { soundHistory } from "./HistorySample.ts"
import { early, mutations, releaseOf, the, unreadable } from "./Mutations.ts"
import { at, lost, origin, started, step, type Step, stored, submitted, succeeded } from "./SampleCalls.ts"

describe("a sound history", () => {
  it("is found sound by every checker", () => {
    assert.deepStrictEqual(judge(soundHistory()), [])
  })

  it("is the same when it was kept in a file", () => {
    const directory = mkdtempSync(join(tmpdir(), "dueline-history-"))
    const file = join(directory, "history.jsonl")
    writeHistory(file, soundHistory())
    assert.deepStrictEqual(readHistory(file), soundHistory())
    rmSync(directory, { recursive: true })
  })

  it("may miss what was on the broker's disk, and counts it", () => {
    const history = soundHistory()
    const [untold] = history.told?.splice(0, 1) ?? []
    const { at = 0 } = untold ?? {}
    history.incidents.push({ kind: "nats-wipe", victim: "nats", from: at + 1_000, to: at + 2_000, note: "" })
    assert.deepStrictEqual(judge(history), [])
    assert.match(report(history, []), /1 gone with the broker's disk/u)
  })

  it("may lose an attempt to a process that was asked to stop while nobody could take it back", () => {
    const history = soundHistory()
    const at = the(history.incidents.shift()).from
    history.exits.push({ victim: "executor-1", code: 0, at, tookMs: 4_000 })
    history.incidents.push({ kind: "postgres-end", victim: "postgres", from: at + 1_000, to: at + 6_000, note: "" })
    assert.deepStrictEqual(judge(history), [])
  })

  it("may cut a stop off during which the servers were away for long", () => {
    const history = soundHistory()
    const at = origin + 40_000
    history.exits.push({ victim: "edge-1", code: 1, at, tookMs: 20_100 })
    history.incidents.push({ kind: "postgres-pause", victim: "postgres", from: at + 2_000, to: at + 16_000, note: "" })
    assert.deepStrictEqual(judge(history), [])
  })

  it("may be early by what a clock is ahead", () => {
    const history = soundHistory()
    early(history, 14_900)
    const timely = judge(history).filter(({ checker }) => checker === "never early, never when it is over")
    assert.deepStrictEqual(timely, [])
  })

  it("may release as fast as it says, and each process one call at once after each change", () => {
    const history = soundHistory()
    releaseOf(history, 40, (nth) => nth * 500)
    const hurried = judge(history).filter(({ checker }) => checker === "a release keeps its rate")
    assert.deepStrictEqual(hurried, [])
  })

  it("may hear of an end twice, and again later", () => {
    const history = soundHistory()
    history.told?.push(...structuredClone(history.told.slice(0, 3)))
    assert.deepStrictEqual(judge(history), [])
  })
})

for (const [checker, ways] of Object.entries(mutations)) {
  describe(`"${checker}" finds`, () => {
    for (const [way, mutate] of Object.entries(ways)) {
      it(`${way}`, () => {
        const history = soundHistory()
        mutate(history)
        // A checker that falls over has found nothing, unless there is nothing that it could read.
        const fell = way !== unreadable ? /^it cannot be judged/u : /^$/u
        const found = new Set(judge(history).flatMap(({ checker, detail }) => (fell.test(detail) ? [] : checker)))
        assert.isTrue(found.has(checker as CheckerName), `found by: ${[...found].join(", ") || "nobody"}`)
      })
    }
  })
}

it("no checker is without a history that it fails", () => {
  assert.deepStrictEqual(Object.keys(mutations), Object.keys(checkers))
})

describe("a run that failed by an attempt counted as lost", () => {
  const start = [submitted(0, 0, 1), started(100, 1), lost(31_000, 1)]
  const ended = step(31_000, { _tag: "ServiceCallFailed", reason: "attempts_exhausted" })
  const back = {
    _tag: "ExecutionHandedBack",
    epoch: 1,
    reason: "draining",
    retryAt: at(32_000),
    cause: "recalled"
  } as const
  const judged = (handedBack: Step) => {
    const call = stored("acme", "lost", [...start, ended, handedBack, started(33_000, 2, 1), succeeded(33_100, 2, 1)])
    return oneResult({ calls: new Map([[call.callId, call]]) } as unknown as Evidence)
  }

  it("goes on when its worker turns out to have sent nothing", () =>
    assert.deepStrictEqual(judged(step(32_000, { ...back, afterLoss: true })), []))

  it("is over otherwise", () => assert.lengthOf(judged(step(32_000, back)), 1))
})
