/** What every Timer does. Times are asserted on the clock the timer itself reads, so that no sentence depends on how fast a machine is. */
import type { Commit } from "@dueline/contracts/ports/Persistence"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import { assert, type Vitest } from "@effect/vitest"
import { Clock, Effect, Fiber, Schema } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { propertyRunsTimes } from "./propertyRuns.ts"
import * as Sample from "./Sample.ts"

type It<R> = Vitest.MethodsNonLive<Timer | R>

export interface TimerHarness<R> extends Harness<Timer | R> {
  /** Lets this many milliseconds pass for the timer: `TestClock.adjust`, or a real wait. */
  readonly passTime: (ms: number) => Effect.Effect<unknown, never, R>
  /**
   * Makes an alarm exist: arms it, or for a timer that reads a table commits `scheduled(alarm)` first. Revisions of one call come
   * as 1, 2, 3, …
   */
  readonly exist: (alarm: Alarm) => Effect.Effect<unknown, unknown, Timer | R>
  readonly features: {
    /** An alarm that was taken does not come again; false for a timer that repeats it until the call has moved on. */
    readonly once: boolean
  }
}

/** The commit after which a table says what the alarm says. */
export const scheduled = ({ callId, dueAt, flow, revision, tags = [], tenantId }: Alarm): Commit => {
  const row = { ...Sample.due(dueAt), revision, tags, flow: flow ?? null }
  return Sample.commit({ tenantId, callId }, { expectedVersion: revision - 1, row })
}

interface Heard extends Alarm {
  /** When it was handed out, epoch ms. */
  readonly at: number
}
const toHost = { target: Sample.host }
const alarm = (dueAt: number, of = Sample.target(), revision = 1): Alarm => ({ ...toHost, ...of, revision, dueAt })

const same = (a: Alarm, b: Alarm): boolean =>
  a.tenantId === b.tenantId && a.callId === b.callId && a.revision === b.revision

const alarmOf = ({ at: _, ...rest }: Heard): Alarm => rest

/** Takes for as long as the sentence lasts. Repeats are dropped; what other sentences left behind is checked for punctuality too. */
const hearing = Effect.fnUntraced(function* (mine: ReadonlyArray<Alarm>, limit = 100) {
  const heard: Array<Heard> = []
  const timer = yield* Timer
  const fiber = yield* Effect.forkChild(
    Effect.forever(
      Effect.gen(function* () {
        const taken = yield* timer.take(limit)
        const at = yield* Clock.currentTimeMillis
        assert.isAtLeast(taken.length, 1)
        assert.isAtMost(taken.length, limit)
        for (const one of taken) {
          assert.isAtLeast(at, one.dueAt, "an alarm came early")
          if (mine.some(({ callId }) => callId === one.callId) && !heard.some((other) => same(other, one)))
            heard.push({ ...one, at })
        }
      })
    ),
    { startImmediately: true }
  )
  return { heard, fiber }
})

const patience = <R>({ passTime }: TimerHarness<R>) =>
  Effect.fnUntraced(function* (
    what: string,
    { fiber, heard }: { readonly heard: ReadonlyArray<Heard>; readonly fiber: Fiber.Fiber<never> },
    count: number,
    budgetMs = 10_000
  ) {
    for (let waited = 0; waited < budgetMs && heard.length < count; waited += 10) {
      // A failed assertion of the listener is the sentence's own.
      const ended = fiber.pollUnsafe()
      if (ended !== undefined) yield* ended
      yield* passTime(10)
    }
    assert.isAtLeast(heard.length, count, `never heard: ${what}`)
  })

const punctuality = <R>(it: It<R>, harness: TimerHarness<R>) => {
  const { exist, passTime } = harness
  const until = patience(harness)

  it.effect(
    "an alarm is heard, at or after its time and never before",
    () =>
      Effect.gen(function* () {
        const one = alarm((yield* Clock.currentTimeMillis) + 200)
        const listener = yield* hearing([one])
        yield* exist(one)
        yield* until("the alarm", listener, 1)
        assert.deepStrictEqual(listener.heard.map(alarmOf), [one])
      }),
    { tags: ["ADR-0012.2"] }
  )

  it.effect("an alarm whose time has passed is heard at once", () =>
    Effect.gen(function* () {
      const one = alarm((yield* Clock.currentTimeMillis) - 5_000)
      const listener = yield* hearing([one])
      yield* exist(one)
      yield* until("the alarm", listener, 1, 2_000)
    })
  )

  it.effect("an alarm that exists before anyone listens is kept for who does", () =>
    Effect.gen(function* () {
      const one = alarm((yield* Clock.currentTimeMillis) + 50)
      yield* exist(one)
      yield* passTime(200)
      yield* until("the alarm", yield* hearing([one]), 1)
    })
  )

  it.effect("an alarm that is earlier than the one that is waited for is not waited behind it", () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const [far, near] = [alarm(now + 600), alarm(now + 100)]
      yield* exist(far)
      const listener = yield* hearing([far, near])
      yield* passTime(10)
      yield* exist(near)
      yield* until("both", listener, 2)
      assert.deepStrictEqual(
        listener.heard.map(({ callId }) => callId),
        [near.callId, far.callId]
      )
      assert.isBelow(listener.heard[0]?.at ?? Number.NaN, far.dueAt)
    })
  )

  it.effect.prop(
    "whatever the times, every alarm is heard and none early",
    {
      offsets: Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -50, maximum: 80 }))).check(
        Schema.isMaxLength(12)
      )
    },
    Effect.fnUntraced(function* ({ offsets }) {
      const now = yield* Clock.currentTimeMillis
      const alarms = offsets.map((offset) => alarm(now + offset))
      const listener = yield* hearing(alarms)
      yield* Effect.forEach(alarms, exist)
      yield* until("all of them", listener, alarms.length)
      assert.sameDeepMembers(listener.heard.map(alarmOf), alarms)
      yield* Fiber.interrupt(listener.fiber)
    }),
    { arbitrary: propertyRunsTimes(0.15), tags: ["ADR-0012.2"], timeout: 60_000 }
  )
}

const taking = <R>(it: It<R>, harness: TimerHarness<R>) => {
  const { exist, features, passTime } = harness
  const until = patience(harness)

  it.effect("of several that are due the earliest comes first", () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const alarms = [alarm(now - 10), alarm(now - 30), alarm(now - 20)]
      yield* Effect.forEach(alarms, exist)
      const listener = yield* hearing(alarms)
      yield* until("all three", listener, 3)
      assert.deepStrictEqual(
        listener.heard.map(({ dueAt }) => dueAt - now),
        [-30, -20, -10]
      )
    })
  )

  it.effect("no more than the limit are taken at once, and the rest come next", () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const alarms = [alarm(now - 10), alarm(now - 30), alarm(now - 20), alarm(now - 40), alarm(now - 50)]
      yield* Effect.forEach(alarms, exist)
      const listener = yield* hearing(alarms, 2)
      yield* until("all five", listener, 5)
      assert.deepStrictEqual(
        listener.heard.map(({ dueAt }) => dueAt - now),
        [-50, -40, -30, -20, -10]
      )
    })
  )

  it.effect("two hundred alarms of one moment all come", () =>
    Effect.gen(function* () {
      const dueAt = (yield* Clock.currentTimeMillis) + 100
      const alarms = Array.from({ length: 200 }, () => alarm(dueAt))
      yield* Effect.forEach(alarms, exist)
      yield* until("all of them", yield* hearing(alarms, 64), 200)
    })
  )

  it.effect("taking waits while nothing is due, and a take that is given up takes nothing with it", () =>
    Effect.gen(function* () {
      const one = alarm((yield* Clock.currentTimeMillis) + 60_000)
      yield* exist(one)
      const given = yield* hearing([one])
      yield* passTime(100)
      assert.isUndefined(given.fiber.pollUnsafe())
      assert.lengthOf(given.heard, 0)
      yield* Fiber.interrupt(given.fiber)
      const soon = alarm((yield* Clock.currentTimeMillis) + 50)
      yield* exist(soon)
      yield* until("the next alarm", yield* hearing([soon]), 1)
    })
  )

  const repeats = features.once
    ? "an alarm that was taken does not come again, also with two takers"
    : "two takers miss no alarm between them; one whose call has not moved on may come again"
  it.effect(repeats, () =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const alarms = [alarm(now + 20), alarm(now + 20), alarm(now + 30), alarm(now + 40)]
      const [a, b] = [yield* hearing(alarms, 1), yield* hearing(alarms, 1)]
      yield* Effect.forEach(alarms, exist)
      yield* passTime(500)
      const heard = [...a.heard, ...b.heard].map(alarmOf)
      if (features.once) assert.sameDeepMembers(heard, alarms)
      else assert.includeDeepMembers(heard, alarms)
    })
  )
}

const arming = <R>(it: It<R>, harness: TimerHarness<R>) => {
  const { exist, features, passTime } = harness
  const until = patience(harness)
  const arm = (...alarms: ReadonlyArray<Alarm>) => Effect.flatMap(Timer, (timer) => timer.arm(alarms))

  it.effect(
    "a newer revision replaces an older one, whether it is later or earlier",
    () =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const [postponed, advanced] = [alarm(now + 100), alarm(now + 400)]
        const newer = [alarm(now + 300, postponed, 2), alarm(now + 50, advanced, 2)]
        for (const one of [postponed, advanced, ...newer]) yield* exist(one)
        const listener = yield* hearing(newer)
        yield* until("both", listener, 2)
        yield* passTime(500)
        assert.sameDeepMembers(listener.heard.map(alarmOf), newer)
      }),
    { tags: ["ADR-0012.1"] }
  )

  it.effect(
    "an older revision that is armed late changes nothing",
    () =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        const older = alarm(now + 50)
        const newer: Alarm = { ...older, revision: 2, dueAt: now + 200 }
        yield* exist(older)
        yield* exist(newer)
        yield* arm(older)
        const listener = yield* hearing([newer])
        yield* until("the newer one", listener, 1)
        yield* passTime(300)
        assert.deepStrictEqual(listener.heard.map(alarmOf), [newer])
      }),
    { tags: ["ADR-0012.1"] }
  )

  it.effect("arming an alarm twice is harmless", () =>
    Effect.gen(function* () {
      const one = alarm((yield* Clock.currentTimeMillis) + 50)
      yield* exist(one)
      yield* arm(one, one)
      yield* arm(one)
      const counted: Array<Alarm> = []
      const timer = yield* Timer
      yield* Effect.forkChild(
        Effect.forever(
          Effect.map(timer.take(10), (taken) => counted.push(...taken.filter((other) => same(one, other))))
        )
      )
      yield* passTime(500)
      assert.isAtLeast(counted.length, 1)
      if (features.once) assert.lengthOf(counted, 1)
    })
  )

  it.effect("the same call id in two tenants is two alarms", () =>
    Effect.gen(function* () {
      const mine = alarm((yield* Clock.currentTimeMillis) + 50)
      const theirs = { ...mine, tenantId: Sample.tenantId() }
      yield* exist(mine)
      yield* exist(theirs)
      const listener = yield* hearing([mine])
      yield* until("both", listener, 2)
      assert.sameDeepMembers(listener.heard.map(alarmOf), [mine, theirs])
    })
  )

  it.effect("arming nothing is a no-op", () => arm())
}

export const suite = <R>(name: string, harness: TimerHarness<R>): void =>
  judge("Timer", name, harness, (it) => {
    punctuality(it, harness)
    taking(it, harness)
    arming(it, harness)
  })
