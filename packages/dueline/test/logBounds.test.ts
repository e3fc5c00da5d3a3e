/** What one tenant may cause in the log, and what is said of the rest. */
import { assert, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import { LogBounds } from "../src/logging.ts"

describe("the log", { tags: ["ADR-0027.7"] }, () => {
  const line = (n: number) => `circuit opened for ${5_000 + n} ms: ${randomUUID()}/h${n}.example:80`

  it("has twenty lines of a kind from one tenant at once, one a second after that, and counts those it leaves out", () => {
    const bounds = new LogBounds()
    const at = (now: number) => bounds.admit("a", "warn", line(now), now)
    const written = Array.from({ length: 1_000 }, () => at(0)).filter((left) => left !== null)
    assert.lengthOf(written, 20)
    assert.isTrue(written.every((left) => left === 0))
    assert.isNull(at(999))
    assert.strictEqual(at(1_000), 981)
    assert.isNull(at(1_001))
  })

  it("has another tenant's lines, and lines of another kind, as if there were no others", () => {
    const bounds = new LogBounds()
    for (let n = 0; n < 1_000; n += 1) bounds.admit("a", "warn", line(n), 0)
    assert.strictEqual(bounds.admit("b", "warn", line(1), 0), 0)
    assert.strictEqual(bounds.admit("a", "warn", "result refused: VersionMismatch", 0), 0)
    assert.strictEqual(bounds.admit("a", "error", line(1), 0), 0)
    assert.strictEqual(bounds.admit("", "info", "stopping: new work is refused", 0), 0)
  })
})
