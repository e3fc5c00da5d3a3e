/** How tests run: criteria of accepted decisions are the only tags, and a full run is held to all of them. */
import { join } from "node:path"
import { defineConfig } from "vitest/config"
import { acceptsUntested } from "../packages/test-servers/src/notTested.ts"
import { missingShared } from "../packages/test-servers/src/sharedServers.ts"
import { acceptedCriteria, readDecisions } from "./Decision.ts"
import { DecisionGate } from "./DecisionGate.ts"
import { LongestFirst } from "./LongestFirst.ts"
import { RunTotals } from "./RunTotals.ts"

const root = join(import.meta.dirname, "..")
const criteria = acceptedCriteria(readDecisions(join(root, "decisions")))
const onlyProperties = process.env.VITEST_SUBSET === "properties"

// Only the whole suite can be held to all criteria; scripts/test.ts says when a run is that.
const totals = process.env.VITEST_TOTALS_FILE
const judges =
  totals === undefined
    ? []
    : [
        new DecisionGate(criteria),
        new RunTotals({ file: totals, refuseUntested: !acceptsUntested(), missing: missingShared })
      ]

export default defineConfig({
  root,
  test: {
    include: onlyProperties
      ? ["{packages/*,scripts}/test/**/*.property.test.ts"]
      : ["{packages/*,scripts}/test/**/*.test.ts"],
    strictTags: true,
    tags: criteria.map(({ id, sentence }) => ({ name: id, description: sentence })),
    reporters: ["default", ...judges],
    // One server for all of a full run; a part of it is started faster with a server only where one is needed.
    globalSetup: totals === undefined ? [] : ["scripts/testServer.ts"],
    pool: "forks",
    // Files of one worker share what they import: reading it anew for each file was a quarter of a full run. What a file changes outside
    // itself (environment, globals) it has to put back.
    isolate: false,
    // One more than a small machine has cores: much of a full run waits, for programs to start and for calls to become due. With two more it took
    // no less time, and programs under test got too little of the processor.
    maxWorkers: 3,
    sequence: totals === undefined ? {} : { sequencer: LongestFirst },
    // Generous: the limit is there to end a hang on a slow, shared machine, not to judge speed. Long property runs have none.
    testTimeout: onlyProperties ? 0 : 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000
  }
})
