import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { diskCheck, judgeDisk } from "../src/preflight/checks.ts"

const gib = 2 ** 30

describe("a disk", { tags: ["ADR-0026.3"] }, () => {
  it("is warned of below a gibibyte or a twentieth of it, whichever is more", () => {
    assert.lengthOf(judgeDisk("/home", { free: gib, whole: 10 * gib }), 0)
    assert.lengthOf(judgeDisk("/home", { free: gib - 1, whole: 10 * gib }), 1)
    assert.lengthOf(judgeDisk("/home", { free: 4 * gib, whole: 100 * gib }), 1)
    const [found] = judgeDisk("/home", { free: 5 * 2 ** 20, whole: 64 * 2 ** 20 })
    assert.match(found?.detail ?? "", /5 MiB of 64 MiB are free on the disk of \/home/u)
    assert.strictEqual(found?.severity, "warning")
  })

  it.effect("that cannot be looked at is a finding too", () =>
    Effect.gen(function* () {
      const [found] = yield* diskCheck("/nowhere/at/all").run
      assert.deepInclude(found, { check: "disk", severity: "fatal" })
    })
  )
})
