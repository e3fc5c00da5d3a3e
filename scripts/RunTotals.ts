/** Counts a test run into a file, says what was not tested, and in CI refuses a run in which something was not. */
import { mkdirSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import type { Reporter, SerializedError, TestModule } from "vitest/node"

export interface Totals {
  readonly passed: number
  /** Tests that failed, files that did not load, and errors outside any test. */
  readonly failed: number
}

export interface RunTotalsOptions {
  readonly file: string
  readonly refuseUntested: boolean
  /** One reason for each server that could not be had; asked when the run is over. */
  readonly missing: () => ReadonlyArray<string>
}

export class RunTotals implements Reporter {
  readonly #options: RunTotalsOptions

  constructor(options: RunTotalsOptions) {
    this.#options = options
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, errors: ReadonlyArray<SerializedError>) {
    const { file, missing, refuseUntested } = this.#options
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const inState = (state: string) => tests.filter((test) => test.result().state === state)
    const skipped = inState("skipped").map((test) => ({ path: test.module.relativeModuleId, name: test.fullName }))
    const untested = notTested(missing(), skipped)
    for (const line of untested) console.error(line)
    if (refuseUntested && untested.length > 0) {
      console.error("CI does not accept that something is not tested")
      process.exitCode = 1
    }
    const broken = modules.filter((module) => module.errors().length > 0).length + errors.length
    const totals: Totals = { passed: inState("passed").length, failed: inState("failed").length + broken }
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(totals))
  }
}

interface Skipped {
  readonly path: string
  readonly name: string
}

/** What the end of a run has to say about what it left out; nothing when it left out nothing. */
export const notTested = (missing: ReadonlyArray<string>, skipped: ReadonlyArray<Skipped>): ReadonlyArray<string> => [
  ...missing.map((reason) => `NOT TESTED: what needs this server, because ${reason}`),
  ...[...Map.groupBy(skipped, ({ path }) => path)].map(
    ([path, tests]) => `NOT TESTED: ${tests.length} of ${path}: ${tests.map(({ name }) => name).join("; ")}`
  )
]
