/** What one tenant may cause in the log, and what is said of the rest. */
import { assert, describe, it } from "@effect/vitest"
import { CurrentLogModule } from "@dueline/contracts/telemetry/logModules"
import { Effect, Layer, Logger } from "effect"
import { randomUUID } from "node:crypto"
import { asModule, LogBounds, readLogLevels } from "../src/logging.ts"

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

describe("a level", { tags: ["ADR-0009.7"] }, () => {
  it("is one for all, and another for parts that are named; what is no level or no part is refused with those there are", () => {
    const { all, own } = readLogLevels("warn, executor=debug,timer=error")
    assert.strictEqual(all, "warn")
    assert.deepStrictEqual(Object.fromEntries(own), { executor: "debug", timer: "error" })
    assert.strictEqual(readLogLevels("executor=debug").all, "info")
    for (const wrong of [
      "loud",
      "info,warn",
      "executer=debug",
      "executor=loud",
      "timer=debug,timer=info",
      "timer=debug=x"
    ])
      assert.throws(
        () => readLogLevels(wrong),
        /debug, info, warn, error.*api, orchestrator, timer, dispatcher, executor/u
      )
  })

  it.effect("of a part holds for what it begins, and its lines name it", () =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      const keep = Logger.make(({ fiber, message }) => {
        told.push([message, fiber.getRef(CurrentLogModule)])
      })
      const speaks = Layer.effectDiscard(
        Effect.gen(function* () {
          yield* Effect.forkScoped(Effect.logDebug("detail"), { startImmediately: true })
          yield* Effect.logWarning("trouble")
        })
      )
      const part = asModule({ LOG_LEVEL: "info,executor=debug" })
      const both = Layer.mergeAll(speaks.pipe(part("executor")), Layer.fresh(speaks).pipe(part("timer")))
      yield* Effect.provide(Layer.build(both), Logger.layer([keep]))
      const lines = told.map((line) => JSON.stringify(line)).sort()
      assert.lengthOf(lines, 3)
      assert.match(lines[0] ?? "", /detail.*executor/u)
      assert.match(lines[1] ?? "", /trouble.*executor/u)
      assert.match(lines[2] ?? "", /trouble.*timer/u)
    }).pipe(Effect.scoped)
  )
})
