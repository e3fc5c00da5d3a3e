/** Schedules in virtual time: nights in which clocks are changed, outages, calls that overlap, and processes that die while they fire. */
import { assert, describe, it } from "@effect/vitest"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { Skip } from "@dueline/contracts/schedule/Schedule"
import type { Timing } from "@dueline/contracts/schedule/Timing"
import * as LeasesMemory from "@dueline/port-contracts/memory/LeasesMemory"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Fate } from "./fated.ts"
import { accounts, callIdOf, type World, world } from "./ScheduleWorld.ts"
import * as Call from "./ServiceCallSample.ts"
import * as Steps from "./ScheduleSteps.ts"
import * as Field from "./FieldSample.ts"

const cron = (expression: string, changes: Partial<Extract<Timing, { readonly _tag: "Cron" }>> = {}): Timing => ({
  _tag: "Cron",
  expression,
  zone: "Europe/Prague",
  missingHour: "shift",
  repeatedHour: "auto",
  ...changes
})

const iso = (at: number) => new Date(at).toISOString().slice(0, 16)
const dues = (here: World) => here.calls().map(({ dueAt }) => iso(dueAt))
const skips = (here: World): ReadonlyArray<Skip> =>
  here.events().flatMap((event) => (event._tag === "OccurrencesSkipped" ? [event.skip] : []))
const told = ({ count, first, last, reason }: Skip) => `${reason} ${iso(first)}..${iso(last)} ${count ?? "many"}`

describe("in the night in which clocks are set forward", () => {
  for (const [missingHour, expected, left] of [
    ["shift", ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"], []],
    ["skip", ["2026-03-28T01:30", "2026-03-30T00:30"], ["missing_hour 2026-03-29T01:30..2026-03-29T01:30 1"]],
    ["atJump", ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"], []]
  ] as const) {
    it.effect(`02:30 is carried out as ${missingHour} says, and what is left out is told`, () =>
      Effect.gen(function* () {
        const flow = { key: "reports", concurrency: 1 }
        const asked = { timing: cron("30 2 * * *", { missingHour }), call: { ...Steps.terms().call, flow } }
        const here = yield* world("2026-03-27T12:00:00Z", asked)
        yield* here.until("2026-03-30T12:00:00Z")
        assert.deepStrictEqual<unknown>(dues(here), expected)
        assert.deepStrictEqual<unknown>(skips(here).map(told), left)
        const [call] = here.calls()
        assert.deepStrictEqual(call?.flow, flow)
        assert.strictEqual(call?.request.url, "https://example.com/2026-03-28")
        assert.strictEqual(call?.request.bodySnippet, "2026-03-28T02:30:00+01:00")
      })
    )
  }
})

describe("in the night in which clocks are set back", () => {
  it.effect("every quarter of the repeated hour is carried out twice, and 02:30 once", () =>
    Effect.gen(function* () {
      const quarters = yield* world("2026-10-24T23:50:00Z", { timing: cron("*/15 * * * *") })
      yield* quarters.until("2026-10-25T02:10:00Z")
      assert.lengthOf(quarters.calls(), 9)
      const once = yield* world("2026-10-24T20:00:00Z", { timing: cron("30 2 * * *") })
      yield* once.until("2026-10-25T12:00:00Z")
      assert.deepStrictEqual(dues(once), ["2026-10-25T00:30"])
    })
  )
})

describe("after an outage of four hours", () => {
  const hourMs = 3_600_000
  for (const [missed, fired, left] of [
    [{ _tag: "Skip" }, ["2026-05-01T12:00"], ["missed 2026-05-01T08:00..2026-05-01T11:50 24"]],
    [{ _tag: "Last", windowMs: hourMs }, ["2026-05-01T12:00"], ["missed 2026-05-01T08:00..2026-05-01T11:50 24"]],
    [
      { _tag: "All", max: 3, windowMs: hourMs },
      ["2026-05-01T11:30", "2026-05-01T11:40", "2026-05-01T11:50", "2026-05-01T12:00"],
      ["missed 2026-05-01T08:00..2026-05-01T11:20 21"]
    ],
    [
      { _tag: "All", max: 100, windowMs: 900_000 },
      ["2026-05-01T11:50", "2026-05-01T12:00"],
      ["missed 2026-05-01T08:00..2026-05-01T11:40 23"]
    ]
  ] as const) {
    it.effect(`${JSON.stringify(missed)} makes up for what it says, and every other time is told as missed`, () =>
      Effect.gen(function* () {
        const here = yield* world("2026-05-01T07:45:00Z", { timing: cron("*/10 * * * *", { zone: "UTC" }), missed })
        yield* here.until("2026-05-01T07:55:00Z")
        yield* here.set(Date.parse("2026-05-01T12:00:10Z"))
        yield* here.look
        assert.deepStrictEqual<unknown>(dues(here).slice(1), fired)
        assert.deepStrictEqual<unknown>(skips(here).map(told), left)
      })
    )
  }

  it.effect("the last missed time is carried out when none has come since, and a year of minutes costs no more", () =>
    Effect.gen(function* () {
      const timing = cron("30 9 * * *", { zone: "UTC" })
      const daily = yield* world("2026-05-01T08:00:00Z", { timing, missed: { _tag: "Last", windowMs: 4 * hourMs } })
      yield* daily.set(Date.parse("2026-05-03T12:00:00Z"))
      yield* daily.look
      assert.deepStrictEqual(dues(daily), ["2026-05-03T09:30"])
      assert.deepStrictEqual(skips(daily).map(told), ["missed 2026-05-01T09:30..2026-05-02T09:30 2"])
      const minutes = yield* world("2025-05-01T08:00:00Z", { timing: cron("* * * * *", { zone: "UTC" }) })
      yield* minutes.set(Date.parse("2026-05-01T08:00:30Z"))
      yield* minutes.look
      assert.deepStrictEqual(dues(minutes), ["2026-05-01T08:00"])
      assert.deepStrictEqual(skips(minutes).map(told), ["missed 2025-05-01T08:01..2026-05-01T07:59 many"])
    })
  )
})

describe("when the call before has not ended", () => {
  const timing = cron("* * * * *", { zone: "UTC" })
  const start = "2026-05-01T08:00:30Z"
  const statuses = (here: World) => here.calls().map(({ dueAt, status }) => `${iso(dueAt).slice(11)} ${status}`)
  const first = (here: World) => here.calls()[0] as ServiceCallRow

  it.effect("skip leaves its time out until it has", () =>
    Effect.gen(function* () {
      const here = yield* world(start, { timing, overlap: "skip" })
      yield* here.until("2026-05-01T08:03:30Z")
      assert.deepStrictEqual(statuses(here), ["08:01 Scheduled"])
      yield* here.finish(first(here))
      yield* here.until("2026-05-01T08:04:30Z")
      assert.deepStrictEqual(statuses(here), ["08:01 Succeeded", "08:04 Scheduled"])
      assert.deepStrictEqual(skips(here).map(told), [
        "overlap 2026-05-01T08:02..2026-05-01T08:02 1",
        "overlap 2026-05-01T08:03..2026-05-01T08:03 1"
      ])
    })
  )

  it.effect("queue keeps its times and carries them out one after the other", () =>
    Effect.gen(function* () {
      const here = yield* world(start, {
        timing,
        overlap: "queue",
        until: Field.ms(Date.parse("2026-05-01T08:03:00Z"))
      })
      yield* here.until("2026-05-01T08:03:30Z")
      assert.deepStrictEqual(statuses(here), ["08:01 Scheduled"])
      assert.lengthOf(here.schedule().waiting, 2)
      yield* here.finish(first(here))
      yield* here.until("2026-05-01T08:04:30Z")
      assert.deepStrictEqual(statuses(here), ["08:01 Succeeded", "08:02 Scheduled"])
      yield* here.finish(here.calls()[1] as ServiceCallRow)
      yield* here.until("2026-05-01T08:05:30Z")
      assert.deepStrictEqual(statuses(here), ["08:01 Succeeded", "08:02 Succeeded", "08:03 Scheduled"])
      assert.strictEqual(here.schedule().status, "Ended")
      assert.isAtMost(here.events().filter(({ _tag }) => _tag === "ScheduleWaited").length, 20)
    })
  )

  it.effect("cancelRunning cancels it, and allow lets both be", () =>
    Effect.gen(function* () {
      const cancelling = yield* world(start, { timing, overlap: "cancelRunning" })
      yield* cancelling.until("2026-05-01T08:02:30Z")
      assert.deepStrictEqual(statuses(cancelling), ["08:01 Cancelled", "08:02 Scheduled"])
      const allowing = yield* world(start, { timing, overlap: "allow" })
      yield* allowing.until("2026-05-01T08:02:30Z")
      assert.deepStrictEqual(statuses(allowing), ["08:01 Scheduled", "08:02 Scheduled"])
    })
  )
})

describe("at the moment of firing", () => {
  const fates: ReadonlyArray<Fate> = ["fails", "is not heard of", "dies"]
  const trials = fates.flatMap((fate) => [0, 1, 2, 3].map((steps) => ({ fate, steps })))
  const timing = cron("* * * * *", { zone: "UTC" })
  for (const inOne of [false, true]) {
    for (const { fate, steps } of trials) {
      it.effect(
        `a step that ${fate} after ${steps} others leaves one call of each time, with two processes${inOne ? ", in one commit" : ""}`,
        () =>
          Effect.gen(function* () {
            const here = yield* world("2026-05-01T08:00:30Z", { timing }, inOne)
            here.fates.push(...Array.from({ length: steps }, () => "happens" as const), fate)
            yield* here.until("2026-05-01T08:03:30Z")
            assert.deepStrictEqual(dues(here), ["2026-05-01T08:01", "2026-05-01T08:02", "2026-05-01T08:03"])
            for (const [at, times] of accounts(here)) assert.strictEqual(times, 1, iso(at))
          }),
        { tags: ["ADR-0036.3"] }
      )
    }
  }

  it.effect(
    "its call is in the same commit, and nobody is told to make it",
    () =>
      Effect.gen(function* () {
        const here = yield* world("2026-05-01T08:00:30Z", { timing }, true)
        yield* here.until("2026-05-01T08:03:30Z")
        assert.deepStrictEqual(dues(here), ["2026-05-01T08:01", "2026-05-01T08:02", "2026-05-01T08:03"])
        assert.deepStrictEqual(here.told, [])
        const alone = yield* world("2026-05-01T08:00:30Z", { timing })
        yield* alone.until("2026-05-01T08:01:30Z")
        assert.lengthOf(alone.told, 1)
      }),
    { tags: ["ADR-0054.1"] }
  )

  it.effect(
    "a call that is there already stands in nobody's way, and then somebody is told",
    () =>
      Effect.gen(function* () {
        const here = yield* world("2026-05-01T08:00:30Z", { timing }, true)
        const callId = callIdOf(Field.tenantId, Steps.scheduleId, 1, Date.parse("2026-05-01T08:01:00Z"))
        yield* here.tell(Call.submit({ callId }))
        yield* here.until("2026-05-01T08:02:30Z")
        const fired = here.events().flatMap((event) => (event._tag === "ScheduleFired" ? [event.firing.callId] : []))
        assert.strictEqual(fired[0], callId)
        assert.deepStrictEqual(new Set(here.calls().map((call) => call.callId)), new Set(fired))
        assert.lengthOf(here.told, 1)
      }),
    { tags: ["ADR-0054.2"] }
  )

  it.effect(
    "a call before is cancelled first, and several times at once are as many calls as before",
    () =>
      Effect.gen(function* () {
        const cancelling = yield* world("2026-05-01T08:00:30Z", { timing, overlap: "cancelRunning" }, true)
        yield* cancelling.until("2026-05-01T08:02:30Z")
        assert.deepStrictEqual(
          cancelling.calls().map(({ status }) => status),
          ["Cancelled", "Scheduled"]
        )
        assert.lengthOf(cancelling.told, 1)
        const missed = { _tag: "All", max: 3, windowMs: 3_600_000 } as const
        const late = yield* world("2026-05-01T08:00:30Z", { timing, missed }, true)
        yield* late.set(Date.parse("2026-05-01T08:10:30Z"))
        yield* late.look
        assert.lengthOf(late.calls(), 4)
        assert.lengthOf(late.told, 4)
      }),
    { tags: ["ADR-0054.2"] }
  )
})

describe("of several processes", () => {
  it.effect("one fires by itself, and another takes over when it is gone", () =>
    Effect.gen(function* () {
      const here = yield* world("2026-05-01T08:00:30Z", { timing: cron("* * * * *", { zone: "UTC" }) })
      const [a, b] = [yield* Effect.forkChild(here.led("a")), yield* Effect.forkChild(here.led("b"))]
      const seconds = (count: number) => Effect.repeat(TestClock.adjust("1 second"), { times: count - 1 })
      yield* seconds(100)
      assert.deepStrictEqual(dues(here), ["2026-05-01T08:01", "2026-05-01T08:02"])
      yield* Fiber.interrupt(a)
      yield* seconds(100)
      assert.deepStrictEqual(dues(here).slice(2), ["2026-05-01T08:03"])
      yield* Fiber.interrupt(b)
      yield* seconds(100)
      assert.lengthOf(here.calls(), 3)
    }).pipe(Effect.provide(LeasesMemory.layer))
  )
})

describe("a schedule", () => {
  it.effect("that is paused makes no call, and one that is deleted none that had not become one", () =>
    Effect.gen(function* () {
      const here = yield* world("2026-05-01T08:00:30Z", { timing: cron("* * * * *", { zone: "UTC" }) })
      const { scheduleId } = Steps
      yield* here.tell({ _tag: "PauseSchedule", scheduleId, at: Field.ms(here.now()), reason: "a fair" })
      yield* here.until("2026-05-01T08:05:00Z")
      assert.lengthOf(here.calls(), 0)
      yield* here.tell({ _tag: "DeleteSchedule", scheduleId, at: Field.ms(here.now()) })
      assert.isNull(here.schedule().wakeAt)
      assert.deepStrictEqual(here.store.dump().sealed, {})
    })
  )

  for (const [before, found] of [
    ["2026-05-02T06:00:00Z", "when it comes"],
    ["2026-05-02T08:00:00Z", "when new data is there"]
  ] as const) {
    it.effect(`whose time was found by older zone data is moved ${found}, and that is told`, () =>
      Effect.gen(function* () {
        const here = yield* world("2026-05-01T08:00:30Z", { timing: cron("0 9 * * *") })
        const previousAt = Field.ms(Date.parse(before))
        const { doneUntil, revision } = here.schedule()
        // As if clocks had been an hour further ahead, or behind.
        yield* here.tell({
          _tag: "AdvanceSchedule",
          scheduleId: Steps.scheduleId,
          at: Field.ms(here.now()),
          revision,
          doneUntil,
          skips: [],
          firings: [],
          progress: Steps.progress({ doneUntil, nextAt: previousAt, zoneData: "2026b" })
        })
        if (found === "when new data is there") yield* here.review
        yield* here.until("2026-05-02T12:00:00Z")
        assert.deepStrictEqual(dues(here), ["2026-05-02T07:00"])
        const moves = here.events().filter(({ _tag }) => _tag === "ScheduleMoved")
        const moved = moves.at(-1)
        assert.lengthOf(moves, 2)
        assert.isTrue(moved?._tag === "ScheduleMoved" && moved.previousAt === previousAt)
        assert.isTrue(moved?._tag === "ScheduleMoved" && moved.progress.zoneData === "2026c")
        const call = here.calls()[0] as ServiceCallRow
        assert.isAtMost(call.createdAt - call.dueAt, 1_000)
      })
    )
  }
})
