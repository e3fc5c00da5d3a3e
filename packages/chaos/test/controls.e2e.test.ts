/** What is broken is found, in a real run. This is the shortest one; `pnpm chaos --controls` is the run in which every checker finds its own. */
import { assert, describe, it } from "@effect/vitest"
import { rm } from "node:fs/promises"
import { runOldDisk } from "../src/controlRuns.ts"
import { missingServers, runOn } from "./scratch.ts"

describe.skipIf(await missingServers())("with a mechanism switched off", { tags: ["ADR-0014.6"] }, () => {
  it("a database that comes back with an older disk is noticed", { timeout: 240_000 }, async () => {
    const options = await runOn("pair")
    assert.isNotEmpty(await runOldDisk({ ...options, say: () => undefined }))
    await rm(options.directory, { recursive: true, force: true, maxRetries: 5 })
  })
})
