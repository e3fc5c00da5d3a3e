/** Says of each criterion whether the tests that claim it held, and fails a full run in which one has no passing test, or a skipped one. */
import type { Reporter, TestModule } from "vitest/node"
import type { Criterion } from "./Decision.ts"

/** `green`: at least one test claims it and all that do passed. `unmet`: no test claims it, or one was skipped. */
export interface Judgement {
  readonly criterion: Criterion
  readonly verdict: "green" | "red" | "unmet"
  readonly claims: number
  /** The first thing that speaks against it, as a clause; empty when green. */
  readonly because: string
}

/** The little that is asked of a test: its name, its tags, how it ended. */
export interface Claim {
  readonly name: string
  readonly tags: ReadonlyArray<string>
  readonly state: "passed" | "failed" | "skipped" | "pending"
}

export const claimsOf = (modules: ReadonlyArray<TestModule>): ReadonlyArray<Claim> =>
  modules.flatMap((module) =>
    [...module.children.allTests()].map((test) => ({
      name: test.fullName,
      tags: test.tags,
      state: test.result().state
    }))
  )

/** Judges in the order of the criteria. Nothing but tests can turn one green. */
export const judgeCriteria = (
  criteria: ReadonlyArray<Criterion>,
  tests: ReadonlyArray<Claim>
): ReadonlyArray<Judgement> =>
  criteria.map((criterion) => {
    const claims = tests.filter((test) => test.tags.includes(criterion.id))
    const failed = claims.find((test) => test.state === "failed")
    const idle = claims.find((test) => test.state !== "passed")
    const counted = { criterion, claims: claims.length }
    if (failed !== undefined) return { ...counted, verdict: "red", because: `failed: ${failed.name}` }
    if (claims.length === 0) return { ...counted, verdict: "unmet", because: "no test claims it" }
    if (idle !== undefined) return { ...counted, verdict: "unmet", because: `${idle.state}: ${idle.name}` }
    return { ...counted, verdict: "green", because: "" }
  })

export class DecisionGate implements Reporter {
  readonly #criteria: ReadonlyArray<Criterion>

  constructor(criteria: ReadonlyArray<Criterion>) {
    this.#criteria = criteria
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>) {
    const judged = judgeCriteria(this.#criteria, claimsOf(modules))
    const unmet = judged.filter(({ verdict }) => verdict !== "green")
    for (const { because, criterion, verdict } of unmet) {
      console.error(`${verdict} ${criterion.id}: ${criterion.sentence} (${because})`)
    }
    console.log(`decisions: ${judged.length - unmet.length} of ${judged.length} criteria green`)
    if (unmet.length > 0) process.exitCode = 1
  }
}
