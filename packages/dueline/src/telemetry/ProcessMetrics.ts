/** What a process tells of itself: version, roles, memory, processor time, how late its event loop is. Read when somebody asks. */
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Effect, Layer } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Deployment } from "../Deployment.ts"
import { version } from "../Phase.ts"
import { WriteWatch } from "../Storage.ts"

/** Milliseconds between two looks at the event loop: seldom enough to cost nothing. */
const resolution = 20

export const layer = ({ roles }: Deployment) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const metrics = yield* Metrics
      const { trouble } = yield* WriteWatch
      metrics.instruments.keepFor(roles)
      const delay = monitorEventLoopDelay({ resolution })
      yield* Effect.acquireRelease(
        Effect.sync(() => delay.enable()),
        () => Effect.sync(() => delay.disable())
      )
      metrics.info.of(version, [...roles].join(",")).read = () => 1
      metrics.storeTrouble.read = () => (trouble() === null ? 0 : 1)
      metrics.cpuSeconds.read = () => {
        const { system, user } = process.cpuUsage()
        return (system + user) / 1e6
      }
      metrics.residentBytes.read = () => process.memoryUsage.rss()
      metrics.heapBytes.read = () => process.memoryUsage().heapUsed
      const startedAt = (yield* Clock.currentTimeMillis) / 1_000 - process.uptime()
      metrics.startTime.read = () => startedAt
      metrics.eventLoopDelay.read = () => {
        const late = Math.max(0, delay.percentile(99) / 1e9 - resolution / 1_000)
        delay.reset()
        return late
      }
    })
  )
