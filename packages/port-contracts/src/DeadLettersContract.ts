/** What every DeadLetters and DeadLetterQueries do, and a way to look at letters whole. */
import {
  type DeadLetter,
  DeadLetterId,
  DeadLetterQueries,
  DeadLetters,
  type LetterFilter
} from "@dueline/contracts/ports/DeadLetters"
import type { TenantId } from "@dueline/contracts/Ids"
import { assert, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import * as Bus from "./bus/EventBusProbe.ts"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"

type Ports = DeadLetters | DeadLetterQueries
type It<R> = Vitest.MethodsNonLive<Ports | R>

export interface DeadLettersHarness<R> extends Harness<Ports | R> {
  /** What is kept of one tenant, in any order. */
  readonly kept: (tenantId: TenantId) => Effect.Effect<ReadonlyArray<DeadLetter>, unknown, R>
}

const letter = (tenantId: TenantId, changes: Partial<DeadLetter> = {}): DeadLetter => ({
  message: Bus.message(tenantId, { n: 1 }),
  group: "invoices",
  reasons: ["first", "second"],
  ...changes
})

const keep = (one: DeadLetter) => Effect.flatMap(DeadLetters, (letters) => letters.keep(one))

const keeping = <R>(it: It<R>, { kept }: DeadLettersHarness<R>) => {
  it.effect("a letter is kept whole", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const payload = { deep: [1, null, { ünï: '\u{1F600} \u0001 \0 "' }], empty: {}, text: "" }
      const whole = letter(tenant, { message: Bus.message(tenant, payload) })
      yield* keep(whole)
      assert.deepStrictEqual(yield* kept(tenant), [whole])
    })
  )

  it.effect("the same message of the same group is kept once, as it was told first", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const first = letter(tenant)
      yield* keep(first)
      yield* keep({ ...first, reasons: ["later"] })
      assert.deepStrictEqual(yield* kept(tenant), [first])
    })
  )

  it.effect("told many times at once, it is kept once", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      yield* Effect.forEach(Array.from({ length: 8 }), () => keep(one), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* kept(tenant), [one])
    })
  )

  it.effect("every group has its own letter of a message, and every message its own of a group", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      const all = [one, { ...one, group: "mails" }, letter(tenant)]
      for (const each of all) yield* keep(each)
      assert.sameDeepMembers([...(yield* kept(tenant))], all)
    })
  )

  it.effect("the same event id in another tenant is another letter", () =>
    Effect.gen(function* () {
      const [mine, theirs] = [Sample.tenantId(), Sample.tenantId()]
      const one = letter(mine)
      const other = { ...one, message: { ...one.message, tenantId: theirs } }
      yield* keep(one)
      yield* keep(other)
      assert.deepStrictEqual(yield* kept(mine), [one])
      assert.deepStrictEqual(yield* kept(theirs), [other])
    })
  )
}

const bounding = <R>(it: It<R>, { kept }: DeadLettersHarness<R>) => {
  it.effect("of many reasons the last twenty are kept, the last one last", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const reasons = Array.from({ length: 50 }, (_, n) => `reason ${n}`)
      yield* keep(letter(tenant, { reasons }))
      assert.deepStrictEqual((yield* kept(tenant))[0]?.reasons, reasons.slice(-20))
    })
  )

  it.effect("of a long reason the first 2,000 characters are kept, and what no table can hold is replaced", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* keep(letter(tenant, { reasons: ["x".repeat(5_000), "nul \0", "half \uD83D"] }))
      assert.deepStrictEqual((yield* kept(tenant))[0]?.reasons, ["x".repeat(2_000), "nul \uFFFD", "half \uFFFD"])
    })
  )

  it.effect("a letter without a reason is kept too", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const bare = letter(tenant, { reasons: [] })
      yield* keep(bare)
      assert.deepStrictEqual(yield* kept(tenant), [bare])
    })
  )
}

const any: LetterFilter = { state: null, topic: null, group: null, reason: null, from: null, to: null }
const late = Number.MAX_SAFE_INTEGER

const listed = Effect.fnUntraced(function* (tenantId: TenantId, changes: Partial<LetterFilter> = {}) {
  const queries = yield* DeadLetterQueries
  return (yield* queries.list({ tenantId, filter: { ...any, ...changes }, after: null, limit: 50 })).letters
})

const only = Effect.fnUntraced(function* (tenantId: TenantId) {
  const letters = yield* listed(tenantId)
  return letters.length === 1 && letters[0] !== undefined ? letters[0] : assert.fail(`${letters.length} letters`)
})

const showing = <R>(it: It<R>) => {
  it.effect("a letter is shown with its message and why each attempt failed, to its tenant alone", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      yield* keep(one)
      const summary = yield* only(tenant)
      const { message } = one
      assert.deepInclude(summary, {
        eventId: message.eventId,
        streamId: message.streamId,
        topic: message.topic,
        group: "invoices",
        failures: 2,
        reason: "second",
        state: "Waiting",
        replays: 0,
        replayJob: null,
        replayedAt: null
      })
      const queries = yield* DeadLetterQueries
      assert.deepStrictEqual(yield* queries.find(tenant, summary.id), {
        ...summary,
        payload: message.payload,
        attempts: [
          { at: null, error: "first" },
          { at: null, error: "second" }
        ]
      })
      const other = Sample.tenantId()
      assert.isNull(yield* queries.find(other, summary.id))
      assert.isNull(yield* queries.find(tenant, DeadLetterId.make(Sample.uuid())))
      assert.deepStrictEqual(yield* listed(other), [])
    })
  )

  it.effect("letters are chosen by state, topic, group, part of the last reason, and time", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const message = Bus.message(tenant, {}, { topic: "ops.order.scheduled" })
      yield* keep(letter(tenant, { reasons: ["Timed OUT"] }))
      yield* keep(letter(tenant, { message, group: "" }))
      const [first, second] = [yield* listed(tenant, { group: "invoices" }), yield* listed(tenant, { group: "" })]
      assert.deepStrictEqual([first.length, second.length], [1, 1])
      assert.deepStrictEqual(yield* listed(tenant, { topic: "ops.order.scheduled" }), second)
      assert.deepStrictEqual(yield* listed(tenant, { reason: "timed out" }), first)
      assert.lengthOf(yield* listed(tenant, { state: "Waiting" }), 2)
      assert.lengthOf(yield* listed(tenant, { state: "Replayed" }), 0)
      const diedAt = first[0]?.diedAt ?? 0
      assert.lengthOf(yield* listed(tenant, { to: diedAt }), 0)
      assert.include(
        (yield* listed(tenant, { from: diedAt })).map(({ id }) => id),
        first[0]?.id
      )
      for (const nothing of ["\0", "no such word"]) assert.lengthOf(yield* listed(tenant, { reason: nothing }), 0)
    })
  )

  it.effect("pages show every letter once", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      for (let n = 0; n < 7; n += 1) yield* keep(letter(tenant, { reasons: [n % 2 === 0 ? "even" : "odd"] }))
      const queries = yield* DeadLetterQueries
      for (const [filter, count] of [
        [any, 7],
        [{ ...any, reason: "even" }, 4]
      ] as const) {
        const seen: Array<string> = []
        let after = null as Parameters<typeof queries.list>[0]["after"]
        do {
          const page = yield* queries.list({ tenantId: tenant, filter, after, limit: 2 })
          seen.push(...page.letters.map(({ id }) => id))
          after = page.next
        } while (after !== null)
        assert.deepStrictEqual([seen.length, new Set(seen).size], [count, count])
      }
    })
  )
}

const replaying = <R>(it: It<R>) => {
  it.effect("a job takes a letter once, and is told what became of it when it asks again", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const one = letter(tenant)
      yield* keep(one)
      const letters = yield* DeadLetters
      const { id } = yield* only(tenant)
      const job = Sample.uuid()
      const by = { tenantId: tenant, id, job }
      const taken = { state: "Replaying" as const, message: one.message, group: "invoices", replay: 1 }
      assert.deepStrictEqual(yield* letters.take({ ...by, before: late }), taken)
      assert.deepStrictEqual(yield* letters.take({ ...by, before: late }), taken)
      assert.isNull(yield* letters.take({ ...by, job: Sample.uuid(), before: late }))
      assert.deepInclude(yield* only(tenant), { state: "Replaying", replays: 1, replayJob: job })
      yield* letters.settle({ ...by, error: null })
      yield* letters.settle({ ...by, error: "told twice" })
      assert.deepStrictEqual(yield* letters.take({ ...by, before: late }), { ...taken, state: "Replayed" })
      assert.isNull(yield* letters.take({ ...by, job: Sample.uuid(), before: late }))
      const settled = yield* only(tenant)
      assert.deepInclude(settled, { state: "Replayed", replays: 1, failures: 2, reason: "second" })
      assert.isNotNull(settled.replayedAt)
    })
  )

  it.effect("what died after the plan, and another tenant's, is not taken", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* keep(letter(tenant))
      const letters = yield* DeadLetters
      const { diedAt, id } = yield* only(tenant)
      const job = Sample.uuid()
      assert.isNull(yield* letters.take({ tenantId: tenant, id, job, before: diedAt - 1 }))
      assert.isNull(yield* letters.take({ tenantId: Sample.tenantId(), id, job, before: late }))
      assert.isNotNull(yield* letters.take({ tenantId: tenant, id, job, before: diedAt }))
    })
  )

  it.effect(
    "a replay that is given up waits again with all its reasons, for another job than the one that took it",
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const one = letter(tenant)
        yield* keep(one)
        const letters = yield* DeadLetters
        const { id } = yield* only(tenant)
        const by = { tenantId: tenant, id, job: Sample.uuid() }
        yield* letters.take({ ...by, before: late })
        const again = (replay: number) => ({
          ...one,
          message: { ...one.message, redelivery: { group: "invoices", replay } },
          reasons: ["third"]
        })
        yield* keep(again(2))
        assert.deepInclude(yield* only(tenant), { state: "Replaying" }, "of a replay that never was")
        yield* keep(again(1))
        yield* keep(again(1))
        yield* letters.settle({ ...by, error: null })
        assert.deepInclude(yield* only(tenant), { state: "Waiting", failures: 3, reason: "third", replays: 1 })
        assert.strictEqual((yield* letters.take({ ...by, before: late }))?.state, "Waiting")
        assert.strictEqual((yield* letters.take({ ...by, job: Sample.uuid(), before: late }))?.replay, 2)
      })
  )

  it.effect("a replay that the bus would not take waits again, with why", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* keep(letter(tenant))
      const letters = yield* DeadLetters
      const { id } = yield* only(tenant)
      const by = { tenantId: tenant, id, job: Sample.uuid() }
      yield* letters.take({ ...by, before: late })
      yield* letters.settle({ ...by, error: "too large" })
      assert.deepInclude(yield* only(tenant), { state: "Waiting", failures: 3, reason: "too large" })
      const queries = yield* DeadLetterQueries
      const last = (yield* queries.find(tenant, id))?.attempts.at(-1)
      assert.strictEqual(last?.error, "too large")
      assert.isNotNull(last?.at)
    })
  )
}

export const suite = <R>(name: string, harness: DeadLettersHarness<R>): void =>
  judge("DeadLetters", name, harness, (it) => {
    keeping(it, harness)
    bounding(it, harness)
    showing(it)
    replaying(it)
  })
