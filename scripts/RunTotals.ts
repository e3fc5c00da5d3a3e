/** Counts a test run into a file, and in CI refuses a run in which something could not be tested. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import type { Reporter, SerializedError, TestModule } from "vitest/node"

export interface Totals {
  readonly passed: number
  /** Tests that failed, files that did not load, and errors outside any test. */
  readonly failed: number
}

export class RunTotals implements Reporter {
  readonly #file: string
  readonly #refuseSkipped: boolean

  constructor(file: string, refuseSkipped: boolean) {
    this.#file = file
    this.#refuseSkipped = refuseSkipped
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<SerializedError>) {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state: string) => tests.filter((test) => test.result().state === state)
    const skipped = this.#refuseSkipped ? inState("skipped") : []
    for (const test of skipped) console.error(`not tested, which CI does not accept: ${test.fullName}`)
    if (skipped.length > 0) process.exitCode = 1
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length
    const totals: Totals = { passed: inState("passed").length, failed: inState("failed").length + broken }
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, JSON.stringify(totals))
  }
}
