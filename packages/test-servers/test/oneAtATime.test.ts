import { oneAtATime } from "@dueline/test-servers/unpackPackages"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { spawnSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, test } from "vitest"

const lock = join(await temporaryDirectory(), "some.lock")

describe("one at a time", () => {
  test("the second waits until the first has ended, however it ended", async () => {
    const order: Array<string> = []
    const second = Promise.withResolvers<void>()
    const first = oneAtATime(lock, async () => {
      order.push("first begins")
      await second.promise
      order.push("first ends")
      throw new Error("as it happens")
    })
    const next = oneAtATime(lock, async () => order.push("second"))
    second.resolve()
    await first.then(assert.fail, () => undefined)
    await next
    assert.deepStrictEqual(order, ["first begins", "first ends", "second"])
    assert.isFalse(existsSync(lock))
  })

  test("a lock that a dead process left behind holds nobody up", async () => {
    const { pid } = spawnSync(process.execPath, ["--version"])
    writeFileSync(lock, String(pid))
    assert.strictEqual(await oneAtATime(lock, async () => "done"), "done")
  })
})
