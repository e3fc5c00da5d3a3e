import { globSync } from "node:fs"
import { join } from "node:path"
import { assert, test } from "vitest"
import { longest, placeOf } from "../LongestFirst.ts"

const files = globSync("{packages/*,scripts}/test/**/*.test.ts", { cwd: join(import.meta.dirname, "..", "..") })

test("the longest files are begun first, then other programs, then the rest; each file on the list is there", () => {
  assert.includeMembers(files, [...longest])
  assert.strictEqual(placeOf("/checkout/packages/chaos/test/chaos.e2e.test.ts"), 0)
  assert.isBelow(placeOf("packages/dueline/test/program.e2e.test.ts"), placeOf("packages/api/test/bins.test.ts"))
})
