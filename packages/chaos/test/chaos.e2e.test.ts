/** A short run of everything that can go wrong: all roles and servers apart, every kind of fault once. `pnpm chaos` is the long one. */
import { assert, describe, it } from "@effect/vitest"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { judge } from "../src/checkers.ts"
import { writeHistory } from "../src/History.ts"
import { runOnce } from "../src/perform.ts"
import { drawPlan, faultKinds, type Groups } from "../src/Plan.ts"
import { faketimeIfAny } from "../src/WallClock.ts"
import { missingServers, runOn } from "./scratch.ts"

/** `CHAOS_SEED=7` runs another one. */
const seed = Number(process.env["CHAOS_SEED"] ?? 1)

const groups: Groups = [
  ["orchestrator-1", "orchestrator-2"],
  ["executor-1", "executor-2"],
  ["api-1", "api-2", "timer-1", "timer-2"]
]

describe.skipIf(await missingServers())(
  "killed, paused and restarted at random",
  { tags: ["ADR-0014.5", "ADR-0002.2", "ADR-0013.5"] },
  () => {
    it("nothing accepted is lost, nothing is done unasked, and everything comes to its end", {
      timeout: 480_000
    }, async () => {
      const options = await runOn("split")
      const said: Array<string> = []
      const clocks = await faketimeIfAny()
      const history = await runOnce({
        ...options,
        faketime: clocks,
        seed,
        rate: 40,
        plan: drawPlan(seed, groups, faultKinds, 1),
        margin: 40,
        restLimitMs: 90_000,
        say: (line) => void said.push(line)
      })
      const findings = judge(history)
      const done = new Set(history.incidents.map(({ kind }) => kind))
      const kept = join(options.directory, "history.jsonl")
      if (findings.length > 0) {
        writeHistory(kept, history)
        const listed = findings
          .slice(0, 20)
          .map(({ callId, checker, detail }) => `${checker}: ${callId ?? ""} ${detail}`)
        assert.fail([`seed ${seed}, ${findings.length} findings, kept in ${kept}`, ...listed, ...said].join("\n"))
      }
      await rm(options.directory, { recursive: true, force: true, maxRetries: 5 })
      assert.deepStrictEqual(
        faultKinds.filter((kind) => !done.has(kind)),
        clocks === null ? ["clock-jump"] : [],
        "faults that were not done"
      )
    })
  }
)
