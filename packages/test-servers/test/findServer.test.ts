import { findNats, findRedis } from "@dueline/test-servers/findServer"
import { atLeast } from "@dueline/test-servers/ServerBinary"
import { ServerMissing } from "@dueline/test-servers/notTested"
import { missing, natsUrl, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, assert, describe, test, vi } from "vitest"

const program = async (version: string) => {
  const path = join(await temporaryDirectory(), "nats-server")
  writeFileSync(path, `#!/bin/sh\necho "nats-server: v${version}"\n`)
  chmodSync(path, 0o755)
  return path
}

afterEach(() => vi.unstubAllEnvs())

describe("finding a server", () => {
  test("takes the one that the environment names before any other", async () => {
    const path = await program("2.99.0")
    vi.stubEnv("DUELINE_NATS_SERVER", path)
    assert.deepInclude(await findNats(), { path, version: "2.99.0" })
  })

  test("refuses a named one that is too old or does not run, and names another for nobody", async () => {
    for (const [path, words] of [
      [await program("2.9.10"), "2.9.10, older than 2.12"],
      ["/nowhere/nats-server", "does not run"]
    ] as const) {
      vi.stubEnv("DUELINE_NATS_SERVER", path)
      const failure = await findNats().catch((cause: unknown) => cause)
      assert.instanceOf(failure, ServerMissing)
      assert.include(String(failure), words)
      assert.include(String(failure), "Install nats-server 2.12 or later, or name it in DUELINE_NATS_SERVER.")
    }
  })

  test("believes no version but the program's own, and Redis is not one of NATS", async () => {
    vi.stubEnv("DUELINE_REDIS_SERVER", await program("6.2.0"))
    assert.include(String(await findRedis().catch(String)), "older than 7.0")
  })

  test("compares versions number by number", () => {
    for (const [version, minimum, expected] of [
      ["2.12.0", "2.12", true],
      ["2.9.99", "2.12", false],
      ["15", "15", true],
      ["15.20", "15", true],
      ["3.0", "2.12", true],
      ["2", "2.12", false]
    ] as const) {
      assert.strictEqual(atLeast(version, minimum), expected, `${version} against ${minimum}`)
    }
  })
})

describe("a server that the run could not have", () => {
  test("is missing for every test, with the run's own reason, and nobody tries again", async () => {
    vi.stubEnv("DUELINE_TEST_NATS", undefined)
    vi.stubEnv("DUELINE_TEST_NATS_MISSING", "nats-server cannot be had: said before")
    vi.stubEnv("CI", "")
    assert.strictEqual(await missing("nats"), "nats-server cannot be had: said before")
    assert.instanceOf(await natsUrl().catch((cause: unknown) => cause), ServerMissing)
    vi.stubEnv("CI", "true")
    assert.match(String(await missing("nats").catch(String)), /NOT TESTED: what needs nats.*said before.*CI=true/)
  })
})
