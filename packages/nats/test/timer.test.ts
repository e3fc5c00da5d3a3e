/** The timer around JetStream's schedules, judged by the suite that every timer passes; nothing is near, so every alarm travels. */
import { Timer } from "@dueline/contracts/ports/Timer"
import * as NatsTimer from "@dueline/nats/timer/NatsTimer"
import * as TimerContract from "@dueline/port-contracts/TimerContract"
import { missing } from "@dueline/test-servers/sharedServers"
import * as MemoryTimer from "@dueline/timer/MemoryTimer"
import { Effect, Layer } from "effect"
import { describe } from "vitest"
import { everything, served } from "./NatsUnderTest.ts"

const layer = Layer.effect(
  Timer,
  Effect.flatMap(MemoryTimer.make(MemoryTimer.defaultMemoryTimerOptions), ({ timer }) =>
    NatsTimer.make({ inner: timer, ranks: everything, nearMs: 0 })
  )
)

describe.skipIf(await missing("nats"))("Timer on NATS", { tags: ["ADR-0003.1"] }, () => {
  TimerContract.suite("JetStream", {
    layer: layer.pipe(Layer.provideMerge(served())),
    realTime: true,
    // A schedule fires a quarter of a second late: what has to have come by now gets twice the time.
    passTime: (ms) => Effect.sleep(2 * ms),
    exist: (alarm) => Effect.flatMap(Timer, (timer) => timer.arm([alarm])),
    features: { once: true }
  })
})
