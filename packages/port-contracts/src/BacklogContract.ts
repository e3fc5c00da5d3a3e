/** What every Backlog does. It reads rows, so it wants the Persistence that writes them. */
import { EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { Backlog, type Holding } from "@dueline/contracts/ports/Backlog"
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { propertyRunsTimes } from "./propertyRuns.ts"
import * as Sample from "./Sample.ts"

type Ports = Backlog | Persistence
type It = Vitest.MethodsNonLive<Ports>

let hours = 0

/** Sentences share one backlog that shows all tenants: each has an hour of its own, years away from everything else. */
const hour = (): number => {
  hours += 1
  return Sample.now + hours * 3_600_000
}

const commit = (...batch: ReadonlyArray<Commit>) => Effect.flatMap(Persistence, (store) => store.commit(batch))

/** A new call whose row is changed like this. */
const submit = Effect.fnUntraced(function* (row: Partial<ServiceCallRow>, tenant = Sample.tenantId()) {
  const call = Sample.target(tenant)
  yield* commit(Sample.commit(call, { row }))
  return call
})

/** URLs and what is nearly one: pieces in the order of a URL, each of which may be missing, doubled by the next or in capitals. */
const Pieces = Schema.Tuple([
  Schema.Literals(["https:", "https:", "http:", "HTTPS:", "git+ssh:", "1http:", ""]),
  Schema.Literals(["//", "//", "//", "/", "///", ""]),
  Schema.Literals(["", "", "user:secret@", "@", "a@b:c@", "user%40:x@"]),
  Schema.Literals(["api.example.com", "API.Example.COM", "Api.example.com", "[2001:DB8::1]", "10.0.0.1", ""]),
  Schema.Literals(["", "", ":8443", ":", ":80@x"]),
  Schema.Literals(["", "/", "/a@b/c", "?q=//x@y", "#f@g", "/a?b#c", "\n"])
])

/** Those of every sample. */
const { tags } = Sample.row(Sample.target())

type Mark = Parameters<Backlog["Service"]["upcoming"]>[0]["after"]

const lowest = Sample.callId()

const upcoming = (from: number, before: number, limit = 100, after: Mark = { dueAt: from - 1, callId: lowest }) =>
  Effect.flatMap(Backlog, (backlog) => backlog.upcoming({ before, after, limit }))

/** Which of these calls are abandoned at `now`. Others may be too: the database is shared. */
const abandoned = Effect.fnUntraced(function* (
  calls: ReadonlyArray<Sample.Target>,
  now: number,
  soleWorker: WorkerId | null = null,
  deadWorkers: ReadonlyArray<WorkerId> = []
) {
  const all = yield* (yield* Backlog).abandoned({ now, soleWorker, deadWorkers, limit: 100_000 })
  return calls.flatMap((call) =>
    all.filter(({ callId, tenantId }) => callId === call.callId && tenantId === call.tenantId)
  )
})

const upcomings = (it: It) => {
  it.effect("scheduled calls of all tenants come, the earliest first, as alarms", () =>
    Effect.gen(function* () {
      const at = hour()
      const late = yield* submit(Sample.due(at + 2_000))
      const early = yield* submit({ ...Sample.due(at), revision: 4 })
      assert.deepStrictEqual(yield* upcoming(at, at + 2_000), [
        { ...early, revision: 4, dueAt: at, target: Sample.host, tags },
        { ...late, revision: 1, dueAt: at + 2_000, target: Sample.host, tags }
      ])
    })
  )

  it.effect.prop(
    "an alarm names the host and port that its call goes to, whatever else is in the URL",
    { pieces: Pieces },
    Effect.fnUntraced(function* ({ pieces }) {
      const url = pieces.join("")
      const at = hour()
      yield* submit({ ...Sample.due(at), request: { ...Sample.row(Sample.target()).request, url } })
      const [alarm] = yield* upcoming(at, at)
      assert.strictEqual(alarm?.target, targetOf(url), url)
    }),
    { arbitrary: propertyRunsTimes(0.5), timeout: 60_000 }
  )

  it.effect("an alarm of a call without tags names none", () =>
    Effect.gen(function* () {
      const at = hour()
      const call = yield* submit({ ...Sample.due(at), tags: [] })
      assert.deepStrictEqual(yield* upcoming(at, at), [{ ...call, revision: 1, dueAt: at, target: Sample.host }])
    })
  )

  it.effect("what is due after the horizon stays away, what is due exactly then does not", () =>
    Effect.gen(function* () {
      const at = hour()
      yield* submit(Sample.due(at))
      assert.lengthOf(yield* upcoming(at, at - 1), 0)
      assert.lengthOf(yield* upcoming(at, at), 1)
    })
  )

  it.effect("without a mark the earliest of all come, however long they have been due", () =>
    Effect.gen(function* () {
      const oldest = yield* submit(Sample.due(1))
      const [alarm] = yield* (yield* Backlog).upcoming({ before: Sample.now, after: null, limit: 1 })
      assert.strictEqual(alarm?.callId, oldest.callId)
    })
  )

  it.effect("calls that run or have ended are not upcoming", () =>
    Effect.gen(function* () {
      const at = hour()
      yield* submit({ ...Sample.due(at), ...Sample.running(Sample.workerId(), 1, at) })
      for (const status of ["Succeeded", "Failed", "Cancelled"] as const) {
        yield* submit({ ...Sample.due(at), status, wakeAt: null })
      }
      assert.deepStrictEqual(yield* upcoming(at, at), [])
    })
  )

  it.effect("a call that waits for something else than its due time is upcoming when that is over", () =>
    Effect.gen(function* () {
      const at = hour()
      const waiting = {
        notBefore: EpochMillis.make(at + 500),
        wakeAt: EpochMillis.make(at + 500),
        waitReason: "retry" as const
      }
      const call = yield* submit({ ...Sample.due(at), ...waiting })
      assert.lengthOf(yield* upcoming(at, at + 499), 0)
      assert.deepStrictEqual(yield* upcoming(at, at + 500), [
        { ...call, revision: 1, dueAt: at + 500, target: Sample.host, tags }
      ])
    })
  )

  it.effect("a call that was moved shows its new time and revision only", () =>
    Effect.gen(function* () {
      const at = hour()
      const call = yield* submit(Sample.due(at))
      yield* commit(Sample.commit(call, { expectedVersion: 1, row: { ...Sample.due(at + 500), revision: 2 } }))
      assert.deepStrictEqual(yield* upcoming(at, at + 1_000), [
        { ...call, revision: 2, dueAt: at + 500, target: Sample.host, tags }
      ])
    })
  )

  it.effect.prop(
    "pages follow each other without a gap or a repeat, also among calls due at the same moment",
    {
      offsets: Schema.Array(Schema.Literals([0, 1, 2])).check(Schema.isMaxLength(12)),
      limit: Schema.Literals([1, 2, 3, 5])
    },
    Effect.fnUntraced(function* ({ limit, offsets }) {
      const at = hour()
      const calls = yield* Effect.forEach(offsets, (offset) =>
        Effect.map(submit(Sample.due(at + offset)), ({ callId }) => ({ callId, dueAt: at + offset }))
      )
      const seen: Array<NonNullable<Mark>> = []
      for (;;) {
        const last = seen.at(-1)
        const page = yield* upcoming(at, at + 10, limit, last)
        assert.isAtMost(page.length, limit)
        seen.push(...page.map(({ callId, dueAt }) => ({ callId, dueAt })))
        assert.isAtMost(seen.length, calls.length)
        if (page.length < limit) break
      }
      const expected = calls.toSorted((a, b) => a.dueAt - b.dueAt || (a.callId < b.callId ? -1 : 1))
      assert.deepStrictEqual(seen, expected)
    }),
    { arbitrary: propertyRunsTimes(0.3), timeout: 60_000 }
  )
}

const holdings = (it: It) => {
  it.effect(
    "a running call is abandoned once its lease has ended, and not before",
    () =>
      Effect.gen(function* () {
        const worker = Sample.workerId()
        const call = yield* submit(Sample.running(worker, 7, Sample.now))
        assert.deepStrictEqual(yield* abandoned([call], Sample.now - 1), [])
        assert.deepStrictEqual(yield* abandoned([call], Sample.now + 1), [
          { ...call, epoch: 7, worker, leaseUntil: Sample.now }
        ])
      }),
    { tags: ["ADR-0012.4"] }
  )

  it.effect("calls that do not run are never abandoned", () =>
    Effect.gen(function* () {
      const calls = [
        yield* submit({}),
        yield* submit({ status: "Succeeded", wakeAt: null }),
        yield* submit({ status: "Failed", wakeAt: null }),
        yield* submit({ status: "Cancelled", wakeAt: null })
      ]
      assert.deepStrictEqual(yield* abandoned(calls, Sample.now + 86_400_000, Sample.workerId()), [])
    })
  )

  it.effect("a worker that is alone takes what others hold, whatever their leases say, and leaves its own", () =>
    Effect.gen(function* () {
      const [me, gone] = [Sample.workerId(), Sample.workerId()]
      const mine = yield* submit(Sample.running(me, 1, Sample.now + 30_000))
      const theirs = yield* submit(Sample.running(gone, 2, Sample.now + 30_000))
      assert.deepStrictEqual(yield* abandoned([mine, theirs], Sample.now, null), [])
      assert.deepStrictEqual(yield* abandoned([mine, theirs], Sample.now, me), [
        { ...theirs, epoch: 2, worker: gone, leaseUntil: Sample.now + 30_000 }
      ])
      assert.lengthOf(yield* abandoned([mine, theirs], Sample.now + 30_001, me), 2)
    })
  )

  it.effect("what dead workers hold is abandoned, whatever its lease says, and what others hold is not", () =>
    Effect.gen(function* () {
      const [one, two, alive] = [Sample.workerId(), Sample.workerId(), Sample.workerId()]
      const lost = [
        yield* submit(Sample.running(one, 3, Sample.now + 30_000)),
        yield* submit(Sample.running(two, 1, Sample.now + 30_000))
      ]
      const held = yield* submit(Sample.running(alive, 1, Sample.now + 30_000))
      const ended = yield* submit({ ...Sample.running(one, 1, Sample.now), status: "Succeeded", wakeAt: null })
      const calls = [...lost, held, ended]
      const names = (found: ReadonlyArray<Holding>) => found.map(({ callId, epoch }) => [callId, epoch])
      assert.deepStrictEqual(names(yield* abandoned(calls, Sample.now, null, [one, two])), [
        [lost[0]?.callId, 3],
        [lost[1]?.callId, 1]
      ])
      assert.deepStrictEqual(names(yield* abandoned(calls, Sample.now, null, [two])), [[lost[1]?.callId, 1]])
      assert.deepStrictEqual(yield* abandoned(calls, Sample.now, null, []), [])
    })
  )

  it.effect("no more than the limit come", () =>
    Effect.gen(function* () {
      for (let n = 0; n < 3; n += 1) yield* submit(Sample.running(Sample.workerId(), 1, Sample.now - 1))
      assert.lengthOf(
        yield* (yield* Backlog).abandoned({ now: Sample.now, soleWorker: null, deadWorkers: [], limit: 2 }),
        2
      )
    })
  )
}

const heartbeats = (it: It) => {
  const extend = (worker: ReturnType<typeof Sample.workerId>, until: number, ...held: ReadonlyArray<Holding>) =>
    Effect.flatMap(Backlog, (backlog) => backlog.extend({ worker, holdings: held, until }))

  it.effect(
    "a heartbeat moves the lease of what it names, and of nothing else",
    () =>
      Effect.gen(function* () {
        const worker = Sample.workerId()
        const [a, b, other] = [
          yield* submit(Sample.running(worker, 1, Sample.now)),
          yield* submit(Sample.running(worker, 2, Sample.now)),
          yield* submit(Sample.running(worker, 3, Sample.now))
        ]
        const held = [
          { ...a, epoch: 1 },
          { ...b, epoch: 2 }
        ]
        assert.deepStrictEqual(yield* extend(worker, Sample.now + 10_000, ...held), { renewed: held, gone: [] })
        const found = yield* abandoned([a, b, other], Sample.now + 9_999)
        assert.deepStrictEqual(
          found.map(({ callId }) => callId),
          [other.callId]
        )
        assert.lengthOf(yield* abandoned([a, b, other], Sample.now + 10_001), 3)
      }),
    { tags: ["ADR-0012.4"] }
  )

  it.effect(
    "a heartbeat of another epoch, worker or tenant moves nothing",
    () =>
      Effect.gen(function* () {
        const worker = Sample.workerId()
        const call = yield* submit(Sample.running(worker, 5, Sample.now))
        const others = [
          [worker, { ...call, epoch: 4 }],
          [worker, { ...call, epoch: 6 }],
          [Sample.workerId(), { ...call, epoch: 5 }],
          [worker, { ...call, tenantId: Sample.tenantId(), epoch: 5 }]
        ] as const
        for (const [by, holding] of others) {
          assert.deepStrictEqual(yield* extend(by, Sample.now + 10_000, holding), { renewed: [], gone: [holding] })
        }
        assert.lengthOf(yield* abandoned([call], Sample.now + 1), 1)
      }),
    { tags: ["ADR-0012.3"] }
  )

  it.effect("a heartbeat does not bring back a call that has ended, and does not count as a change of it", () =>
    Effect.gen(function* () {
      const worker = Sample.workerId()
      const call = yield* submit(Sample.running(worker, 1, Sample.now))
      yield* extend(worker, Sample.now + 10_000, { ...call, epoch: 1 })
      yield* commit(Sample.commit(call, { expectedVersion: 1, row: { status: "Succeeded", wakeAt: null, epoch: 1 } }))
      const ended = { ...call, epoch: 1 }
      assert.deepStrictEqual(yield* extend(worker, Sample.now + 20_000, ended), { renewed: [], gone: [ended] })
      assert.deepStrictEqual(yield* abandoned([call], Sample.now + 86_400_000, Sample.workerId()), [])
    })
  )

  it.effect("a lease is renewed also when its holder's clock was set back", () =>
    Effect.gen(function* () {
      const worker = Sample.workerId()
      const call = yield* submit(Sample.running(worker, 1, Sample.now + 3_600_000))
      const held = { ...call, epoch: 1 }
      assert.deepStrictEqual(yield* extend(worker, Sample.now, held), { renewed: [held], gone: [] })
      assert.lengthOf(yield* abandoned([call], Sample.now + 1), 1)
    })
  )

  it.effect("a heartbeat without holdings is a no-op", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* extend(Sample.workerId(), Sample.now), { renewed: [], gone: [] })
    })
  )
}

export const suite = (name: string, harness: Harness<Ports>): void =>
  judge("Backlog", name, harness, (it) => {
    upcomings(it)
    holdings(it)
    heartbeats(it)
  })
