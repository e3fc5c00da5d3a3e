/** Every checker has something to find when its mechanism is missing, in a real run; and it finds that, and nothing else. */
import { assert, describe, it } from "@effect/vitest"
import { rm } from "node:fs/promises"
import { type CheckerName, checkers, judge } from "../src/checkers.ts"
import { runOnce } from "../src/perform.ts"
import { drawPlan, type FaultKind } from "../src/Plan.ts"
import { type Control, joined, sabotages, together, untouched } from "../src/sabotages.ts"
import { missingServers, runOn } from "./scratch.ts"

/**
 * What a blackout has left running, with nobody there to see it end, is found by its lease (10 s) at a tick of the sweep (5 s); and as long again,
 * since other tests use the same processor. All of it is waited for, as something never comes to rest here, and nearly nothing is done meanwhile.
 */
const leasesOverMs = 30_000

/** Where something never comes to rest, what does is given `restLimitMs` for it. */
const found = async (controls: ReadonlyArray<Control>, kinds: ReadonlyArray<FaultKind>, restLimitMs: number) => {
  const options = await runOn("pair")
  const history = await runOnce({
    ...options,
    say: () => undefined,
    seed: 11,
    rate: 60,
    plan: drawPlan(11, [], kinds, 1),
    margin: 300,
    restLimitMs,
    sabotage: joined(controls)
  })
  await rm(options.directory, { recursive: true, force: true, maxRetries: 5 })
  return judge(history)
}

describe.skipIf(await missingServers())(
  "with mechanisms switched off",
  { timeout: 240_000, tags: ["ADR-0014.6"] },
  () => {
    it("every checker finds its own in one run, and nothing about calls that were left alone", async () => {
      // What is only in memory is lost once.
      const findings = await found(Object.values(together), ["blackout"], leasesOverMs)
      for (const [name, { digit, finds }] of Object.entries(together)) {
        const own = findings.filter(
          ({ callId, checker }) => checker === finds && (digit === null || callId === null || callId.startsWith(digit))
        )
        assert.isNotEmpty(own, `"${finds}" has missed "${name}"`)
      }
      const innocent = findings.filter(({ callId }) => callId?.startsWith(untouched))
      assert.deepStrictEqual(innocent, [])
      const biting = new Set(Object.values(together).map(({ finds }) => finds))
      assert.deepStrictEqual(
        (Object.keys(checkers) as ReadonlyArray<CheckerName>).filter((name) => !biting.has(name)),
        []
      )
    })

    it("a database that comes back with an older disk is noticed", async () => {
      const control = sabotages["old disk"]
      assert.isDefined(control)
      const findings = await found(control === undefined ? [] : [control], [], 8_000)
      assert.isNotEmpty(findings.filter(({ checker }) => checker === "nothing accepted is lost"))
    })
  }
)
