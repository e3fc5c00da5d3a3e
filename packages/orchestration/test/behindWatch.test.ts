import * as BehindWatch from "@dueline/orchestration/overviewWork"
import { Overviews, type WorkBehind } from "@dueline/contracts/ports/Overviews"
import { makeMetrics, Metrics } from "@dueline/contracts/telemetry/Metrics"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"

const none = { count: 0, more: false, oldestAt: null }

it.effect(
  "work that is too far behind is told of once, and again when it has caught up; how far counting is behind can be read",
  () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Logger.make(({ message }) => void lines.push(String(message)))
      const state: { behind: WorkBehind } = { behind: { sealing: none, counting: none } }
      const metrics = makeMetrics()
      const overviews = {
        of: () => Effect.die("nobody asks"),
        count: () => Effect.die("nobody asks"),
        behind: Effect.sync(() => state.behind)
      }
      yield* Effect.gen(function* () {
        const watch = yield* BehindWatch.makeWatch
        yield* Effect.forkScoped(watch(() => true))
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lines, [])
        const oldestAt = yield* Clock.currentTimeMillis
        const waiting = { count: 1_000, more: true, oldestAt }
        state.behind = { sealing: waiting, counting: waiting }
        yield* TestClock.adjust("5 minutes")
        assert.deepStrictEqual(lines, [])
        assert.isAtLeast(metrics.countingLag.read(), 285)
        yield* TestClock.adjust("10 minutes")
        assert.lengthOf(lines, 2)
        assert.include(lines[0], "not sealed")
        assert.include(lines[1], "not counted")
        state.behind = { sealing: none, counting: none }
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(
          lines.slice(2),
          Array.from({ length: 2 }, () => "the work behind the log has caught up")
        )
        assert.strictEqual(metrics.countingLag.read(), 0)
      }).pipe(
        Effect.scoped,
        Effect.provide([Layer.succeed(Overviews, overviews), Layer.succeed(Metrics, metrics), Logger.layer([logger])])
      )
    }),
  { tags: ["ADR-0044.6"] }
)
