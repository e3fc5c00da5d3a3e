/** Fails a full test run when an accepted criterion has no passing test, or has one that was skipped. */
import type { Reporter, TestModule } from "vitest/node"
import type { Criterion } from "./Decision.ts"
import { claimsOf, judgeCriteria } from "./judgeCriteria.ts"

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
