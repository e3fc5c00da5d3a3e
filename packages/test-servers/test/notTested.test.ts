import { acceptsUntested, notTested } from "@dueline/test-servers/notTested"
import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, test, vi } from "vitest"

const root = join(import.meta.dirname, "..", "..", "..")

describe("what cannot be tested on this machine", () => {
  test("is told on standard error, with the reason, and left out", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true)
    try {
      assert.strictEqual(notTested("the demos", "there is no client.", {}), "there is no client.")
      assert.deepStrictEqual(write.mock.calls, [["NOT TESTED: the demos, because there is no client.\n"]])
    } finally {
      write.mockRestore()
    }
  })

  test("is an error in CI", () => {
    assert.throws(() => notTested("the demos", "there is no client.", { CI: "true" }), /NOT TESTED: the demos.*CI=true/)
    assert.isFalse(acceptsUntested({ CI: "true" }))
    assert.isTrue(acceptsUntested({ CI: "false" }))
  })

  test("is said in this way only: no test is skipped for good, or writes those words itself and then passes", () => {
    const files = globSync(["packages/*/{src,test}/**/*.ts", "scripts/**/*.ts"], { cwd: root })
    assert.isAbove(files.length, 500)
    const found = files.filter((file) =>
      /NOT TESTED|\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|todo)\(/.test(readFileSync(join(root, file), "utf8"))
    )
    assert.deepStrictEqual(found.sort(), [
      "packages/test-servers/src/notTested.ts",
      "packages/test-servers/test/findServer.test.ts",
      "packages/test-servers/test/notTested.test.ts",
      // The end of a run, which tells what was skipped, and its tests.
      "scripts/RunTotals.ts",
      "scripts/test/DecisionGate.test.ts",
      "scripts/test/RunTotals.test.ts"
    ])
  })
})
