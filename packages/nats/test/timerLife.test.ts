/** What the timer on JetStream promises beyond its port: who is woken, and what happens to alarms when server or process go away. */
import { partitionCount } from "@dueline/contracts/partition"
import type { Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { Nats } from "@dueline/nats/Nats"
import { busStatus } from "@dueline/nats/BusStatus"
import * as NatsTimer from "@dueline/nats/timer/NatsTimer"
import { Topology } from "@dueline/nats/Topology"
import type { Ranks } from "@dueline/nats/timer/DueConsumer"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startNats } from "@dueline/test-servers/startNats"
import * as MemoryTimer from "@dueline/timer/MemoryTimer"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Layer, type Scope } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { everything, freshPrefix, served, until } from "./NatsUnderTest.ts"

const alarm = (dueAt: number, changes: Partial<Alarm> = {}): Alarm => ({
  ...Sample.target(),
  revision: 1,
  dueAt,
  target: "api.example.com",
  ...changes
})

/** A timer with a listener, and how many alarms its memory was given. */
const listening = Effect.fnUntraced(function* (options: Partial<NatsTimer.NatsTimerOptions> = {}) {
  const { timer: memory } = yield* MemoryTimer.make(MemoryTimer.defaultMemoryTimerOptions)
  const armed: Array<{ readonly alarm: Alarm; readonly at: number }> = []
  const inner: Timer["Service"] = {
    take: memory.take,
    arm: (alarms) =>
      Effect.andThen(
        Effect.map(Clock.currentTimeMillis, (at) => void armed.push(...alarms.map((one) => ({ alarm: one, at })))),
        memory.arm(alarms)
      )
  }
  const timer = yield* NatsTimer.make({ inner, ranks: everything, nearMs: 0, ...options })
  const heard: Array<Alarm> = []
  yield* Effect.forkScoped(Effect.forever(Effect.map(timer.take(100), (taken) => void heard.push(...taken))))
  return { timer, heard, armed }
})

/** Ranks that the test changes. */
const movable = (rank: number) => {
  const listeners: Array<() => void> = []
  let now: number | undefined = rank
  const ranks: Ranks = { rankOf: () => now, onChange: (listener) => listeners.push(listener) }
  const become = (next: number | undefined): void => {
    now = next
    for (const listener of listeners) listener()
  }
  return { ranks, become }
}

const messagesIn = Effect.gen(function* () {
  const { manager } = yield* Nats
  const { wanted } = yield* Topology
  return (yield* Effect.promise(() => manager.streams.info(wanted.due.name))).state.messages
})

/** Waits until so many processes ask for the wake-ups of every partition: what is asked for before that may go to any of them. */
const untilServed = Effect.fnUntraced(function* (processes: number) {
  const served = Effect.map(busStatus(), ({ streams }) => {
    const [, due] = streams
    return (
      due?.consumers.length === partitionCount && due.consumers.every(({ waitingPulls }) => waitingPulls === processes)
    )
  })
  for (let round = 0; round < 500; round += 1) {
    if (yield* served) return
    yield* Effect.sleep(20)
  }
  assert.fail("the partitions are not served")
})

const inside = <A, E>(test: Effect.Effect<A, E, Scope.Scope | Nats | Topology>) =>
  Effect.provide(Effect.scoped(test), served())

describe.skipIf(await missing("nats"))("the timer on NATS", () => {
  it.live(
    "what is near and what is beyond the horizon is not left with the server; all else is, and is gone once it has rung",
    () =>
      inside(
        Effect.gen(function* () {
          const { armed, heard, timer } = yield* listening({ nearMs: 1_000, horizonMs: 60_000 })
          const now = yield* Clock.currentTimeMillis
          const [near, far, beyond] = [alarm(now + 500), alarm(now + 2_500), alarm(now + 60_500)]
          yield* timer.arm([near, far, beyond])
          assert.deepStrictEqual(
            armed.map((one) => one.alarm),
            [near]
          )
          yield* until("both", () => heard.length === 2)
          assert.deepStrictEqual(heard, [near, far])
          yield* Effect.repeat(messagesIn, { until: (count) => count === 0, times: 1_000 })
          assert.strictEqual(yield* messagesIn, 0)
        })
      ),
    { tags: ["ADR-0003.2"] }
  )

  it.live("an older revision that waits in memory is silent when the newer one waits with the server", () =>
    inside(
      Effect.gen(function* () {
        const { heard, timer } = yield* listening({ nearMs: 1_000 })
        const now = yield* Clock.currentTimeMillis
        const older = alarm(now + 300)
        const newer = { ...older, revision: 2, dueAt: now + 1_800 }
        yield* timer.arm([older])
        yield* timer.arm([newer])
        yield* until("the newer one", () => heard.length > 0)
        assert.deepStrictEqual(heard, [newer])
      })
    )
  )

  it.live("who comes first by rank is woken, whoever armed; when the ranks change, the other one is", () =>
    inside(
      Effect.gen(function* () {
        const [a, b] = [movable(0), movable(1)]
        const first = yield* listening({ ranks: a.ranks })
        const second = yield* listening({ ranks: b.ranks })
        const armAt = Effect.fnUntraced(function* (timer: Timer["Service"]) {
          const dueAt = (yield* Clock.currentTimeMillis) + 700
          const alarms = Array.from({ length: 40 }, () => alarm(dueAt))
          yield* timer.arm(alarms)
          return alarms
        })
        yield* untilServed(2)
        const before = yield* armAt(second.timer)
        yield* until("the first hears them", () => first.heard.length >= 40)
        assert.sameDeepMembers(first.heard, before)
        a.become(undefined)
        b.become(0)
        yield* untilServed(1)
        const after = yield* armAt(first.timer)
        yield* until("the second hears them", () => second.heard.length >= 40)
        assert.sameDeepMembers(second.heard, after)
        assert.lengthOf(first.heard, 40)
      })
    )
  )

  it.live("what a process was woken for and does not live to ring comes to the next", () =>
    Effect.scoped(
      Effect.gen(function* () {
        const prefix = freshPrefix()
        const process = (rank: number) =>
          Effect.flatMap(Layer.build(served(prefix)), (context) =>
            Effect.provide(
              Effect.all([Nats, listening({ ranks: movable(rank).ranks, leadMs: 5_000, ackWaitMs: 2_000 })]),
              context
            )
          )
        const [nats, first] = yield* process(0)
        const [, second] = yield* process(1)
        yield* Effect.provideService(untilServed(2), Nats, nats)
        const dueAt = (yield* Clock.currentTimeMillis) + 4_000
        const alarms = Array.from({ length: 10 }, () => alarm(dueAt))
        yield* first.timer.arm(alarms)
        yield* until("the first is woken", () => first.armed.length === 10)
        assert.lengthOf(second.armed, 0)
        yield* Effect.promise(() => nats.connection.close())
        yield* until("the second rings", () => second.heard.length >= 10)
        assert.sameDeepMembers(second.heard, alarms)
      })
    )
  )

  it.live("a wake-up that comes much too early is asked for again in time", () =>
    inside(
      Effect.gen(function* () {
        const [leadMs, ackWaitMs] = [200, 1_000]
        const { armed, heard } = yield* listening({ leadMs, ackWaitMs })
        const { jetstream, prefix } = yield* Nats
        const one = alarm((yield* Clock.currentTimeMillis) + 2_500)
        const subject = `${prefix}.due.0.${one.tenantId}.${one.callId}`
        yield* Effect.promise(() => jetstream.publish(subject, JSON.stringify(one)))
        yield* until("the alarm", () => heard.length > 0)
        assert.deepStrictEqual(heard, [one])
        assert.isAtLeast(armed[0]?.at ?? 0, one.dueAt - leadMs - ackWaitMs)
      })
    )
  )

  it.live("what cannot be read is thrown away, and the next one rings", () =>
    inside(
      Effect.gen(function* () {
        const { heard, timer } = yield* listening()
        const { jetstream, prefix } = yield* Nats
        for (const text of ["", "[]", '{"tenantId":"x"}'])
          yield* Effect.promise(() => jetstream.publish(`${prefix}.due.0.a.b`, text))
        const one = alarm((yield* Clock.currentTimeMillis) + 300)
        yield* timer.arm([one])
        yield* until("the alarm", () => heard.length > 0)
        assert.deepStrictEqual(heard, [one])
        yield* Effect.repeat(messagesIn, { until: (count) => count === 0, times: 1_000 })
        assert.strictEqual(yield* messagesIn, 0)
      })
    )
  )

  it.live("more at once than the server can be given wait in memory, and all of them ring", () =>
    inside(
      Effect.gen(function* () {
        const { armed, heard, timer } = yield* listening({ writeLimit: 50 })
        const dueAt = (yield* Clock.currentTimeMillis) + 1_000
        const alarms = Array.from({ length: 500 }, () => alarm(dueAt))
        yield* timer.arm(alarms)
        assert.isAtLeast(armed.length, 400)
        yield* until("all of them", () => heard.length >= 500)
        assert.sameDeepMembers(heard, alarms)
      })
    )
  )

  it.live("what was left with a server that loses its disk is left again; while it is away, memory does", () =>
    Effect.gen(function* () {
      const directory = yield* Effect.promise(temporaryDirectory)
      const first = yield* Effect.promise(() => startNats({ directory, syncAlways: false }))
      const { port, url } = first
      const test = Effect.gen(function* () {
        const nats = yield* Nats
        const { armed, heard, timer } = yield* listening()
        const now = yield* Clock.currentTimeMillis
        const before = [alarm(now + 4_000), alarm(now + 300_000)]
        yield* timer.arm(before)
        yield* Effect.repeat(messagesIn, { until: (count) => count === 2, times: 1_000 })
        assert.strictEqual(armed.length, 0)
        yield* Effect.promise(() => first.kill())
        yield* until("noticed", () => !nats.connected())
        const meanwhile = alarm((yield* Clock.currentTimeMillis) + 1_000)
        yield* timer.arm([meanwhile])
        yield* until("from memory", () => heard.length === 1)
        rmSync(join(directory, "jetstream"), { recursive: true })
        yield* Effect.promise(() => startNats({ directory, port, syncAlways: false }))
        yield* until("connected again", nats.connected)
        const after = alarm((yield* Clock.currentTimeMillis) + 2_500)
        yield* timer.arm([after])
        yield* until("those before and after", () => heard.length === 3)
        assert.sameDeepMembers(heard, [meanwhile, ...before.slice(0, 1), after])
        yield* Effect.repeat(messagesIn, { until: (count) => count === 1, times: 1_000 })
        assert.strictEqual(yield* messagesIn, 1)
      })
      yield* Effect.provide(Effect.scoped(test), served(freshPrefix(), url))
    })
  )
})
