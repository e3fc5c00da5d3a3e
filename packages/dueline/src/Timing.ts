/** The timer of this process: memory for what is near, and over NATS the broker for what is further off and others' memories. */
import { Timer } from "@dueline/contracts/ports/Timer"
import { leadMs } from "@dueline/contracts/serviceCall/Spec"
import * as MemoryTimer from "@dueline/timer/MemoryTimer"
import { Effect, Layer } from "effect"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { Cluster } from "./Cluster.ts"

/** How far ahead alarms are left with the broker, in milliseconds: it bounds what it must hold, whatever is scheduled. */
export const brokerHorizonMs = 600_000

/** How far ahead alarms are armed, in milliseconds: with a broker further than what memory should hold. */
export const horizonOf = ({ DUELINE_NATS_URL }: Settings): number =>
  DUELINE_NATS_URL === null ? MemoryTimer.defaultMemoryTimerOptions.horizonMs : brokerHorizonMs

export const layer = ({ roles }: Deployment) =>
  Layer.effect(
    Timer,
    Effect.gen(function* () {
      const cluster = yield* Cluster
      const own = roles.has("orchestrator")
        ? yield* MemoryTimer.make({ ...MemoryTimer.defaultMemoryTimerOptions, leadMs })
        : null
      return Timer.of(yield* cluster.timer(own === null ? null : own.timer))
    })
  )
