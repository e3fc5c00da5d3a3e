/**
 * A short run of everything that can go wrong, every kind of fault once. In each process are roles that work without each other, so that every
 * hop between roles goes over NATS: with each role apart, twice as many programs would start. `pnpm chaos` is the long run, with all apart and a
 * higher rate: each fault waits for as many operations here as there, and fewer begin while a victim is away.
 */
import { assert, describe, it } from "@effect/vitest"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { judge } from "../src/checkers.ts"
import { writeHistory } from "../src/History.ts"
import { runOnce } from "../src/perform.ts"
import { drawPlan, faultKinds } from "../src/Plan.ts"
import { groupsOf } from "../src/Stage.ts"
import { faketimeIfAny } from "../src/WallClock.ts"
import { missingServers, runOn } from "./scratch.ts"

/** `CHAOS_SEED=7` runs another one. */
const seed = Number(process.env["CHAOS_SEED"] ?? 1)

describe.skipIf(await missingServers())(
  "killed, paused and restarted at random",
  { tags: ["ADR-0014.5", "ADR-0002.2", "ADR-0013.5"] },
  () => {
    it("nothing accepted is lost, nothing is done unasked, and everything comes to its end", {
      timeout: 480_000
    }, async () => {
      const options = await runOn("halves")
      const said: Array<string> = []
      const clocks = await faketimeIfAny()
      const history = await runOnce({
        ...options,
        faketime: clocks,
        seed,
        rate: 25,
        plan: drawPlan(seed, groupsOf("halves"), faultKinds, 1),
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
