import { assert, test } from "vitest"
import { notTested } from "../RunTotals.ts"

const skipped = [
  { path: "packages/nats/test/bus.test.ts", name: "a message arrives" },
  { path: "packages/nats/test/bus.test.ts", name: "in order" },
  { path: "packages/redis/test/limits.test.ts", name: "a limit is shared" }
]

test("a run that left nothing out says nothing about it", () => {
  assert.isEmpty(notTested([], []))
})

test("a server that could not be had is named with its reason, and every test that was left out by its file", () => {
  assert.deepStrictEqual(notTested(["nats-server cannot be had: no apt-get."], skipped), [
    "NOT TESTED: what needs this server, because nats-server cannot be had: no apt-get.",
    "NOT TESTED: 2 of packages/nats/test/bus.test.ts: a message arrives; in order",
    "NOT TESTED: 1 of packages/redis/test/limits.test.ts: a limit is shared"
  ])
})

test("a missing server is told even when no test was skipped for it, which must not look like a whole run", () => {
  assert.lengthOf(notTested(["redis-server cannot be had"], []), 1)
})
