/** What every Persistence does, whatever it is made of. Reads back through Outbox and CallQueries, so it wants those too. */
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { EpochMillis } from "@dueline/contracts/Ids"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import { type Harness, judge } from "../Harness.ts"
import { atomicity, attachments, receipts } from "./PersistenceBatch.ts"
import { constraints } from "./PersistenceConstraints.ts"
import * as PersistenceModel from "./PersistenceModel.ts"
import { assertNothingOf, commit, complete, conflictOf, load, outboxOf } from "./PersistenceProbe.ts"
import { requirements } from "./PersistenceRequirements.ts"
import { snapshots } from "./PersistenceSnapshots.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"

type Ports = Persistence | Outbox | CallQueries
type It = Vitest.MethodsNonLive<Ports>

export interface PersistenceHarness extends Harness<Ports> {
  /** False for a store that cannot keep U+0000 and lone surrogates inside JSON. */
  readonly anyText?: boolean
}

const reading = (it: It) => {
  it.effect("events come back in order, with the versions 1, 2, 3, …", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const events = [Sample.event({ n: 1 }), Sample.event({ n: 2 }), Sample.event({ n: 3 })]
      yield* commit(Sample.commit(call, { events: events.slice(0, 2) }))
      yield* commit(Sample.commit(call, { events: events.slice(2), expectedVersion: 2 }))
      const slice = yield* load(call)
      assert.strictEqual(slice.version, 3)
      assert.deepStrictEqual(
        slice.events,
        events.map((event, index) => ({ ...event, version: index + 1 }))
      )
    })
  )

  it.effect("a stream that does not exist has version 0 and nothing in it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* load(Sample.target(), { receiptKey: "never" }), {
        version: 0,
        snapshot: null,
        events: [],
        sealed: null,
        receipt: null
      })
    })
  )

  it.effect("answers come in the order of the requests, also for a stream asked for twice", () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const [a, b, absent] = [Sample.target(tenant), Sample.target(Sample.tenantId()), Sample.target(tenant)]
      yield* commit(
        Sample.commit(a, { events: [Sample.event("a")] }),
        Sample.commit(b, { events: [Sample.event("b")] })
      )
      const slices = yield* (yield* Persistence).load([b, absent, a, b].map((of) => Sample.loadRequest(of)))
      assert.deepStrictEqual(
        slices.map(({ events }) => events.map(({ payload }) => payload)),
        [["b"], [], ["a"], ["b"]]
      )
    })
  )

  it.effect("loading nothing answers nothing", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* (yield* Persistence).load([]), [])
    })
  )

  it.effect("tenants do not see each other's streams, even under the same id", () =>
    Effect.gen(function* () {
      const mine = Sample.target()
      const theirs = { ...mine, tenantId: Sample.tenantId() }
      yield* commit(complete(mine, "key"))
      yield* assertNothingOf(theirs, "key")
      yield* commit(Sample.commit(theirs, { events: [Sample.event("theirs")] }))
      assert.strictEqual((yield* load(mine)).version, 1)
      assert.deepStrictEqual(
        (yield* load(theirs)).events.map(({ payload }) => payload),
        ["theirs"]
      )
    })
  )

  it.effect("the row that was committed is the row that is found", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const said = { tags: ["a", "b"], timeoutMs: 7 }
      const first = Sample.commit(call, { row: said })
      yield* commit(first)
      assert.deepStrictEqual(yield* (yield* CallQueries).find(call.tenantId, call.callId), first.row)
      const running = Sample.running(Sample.workerId(), 3, Sample.now + 5_000)
      const waiting = {
        ...Sample.due(Sample.now + 9_000),
        notBefore: EpochMillis.make(Sample.now + 10_000),
        waitReason: "retry"
      } as const
      const ended = {
        failureReason: "http_status",
        endedAt: EpochMillis.make(Sample.now + 1),
        cancelRequested: true,
        wakeAt: null
      } as const
      for (const [index, changes] of [running, waiting, ended].entries()) {
        const next = Sample.commit(call, {
          expectedVersion: index + 1,
          row: {
            ...said,
            ...changes,
            revision: 4,
            updatedAt: EpochMillis.make(Sample.now + index),
            lastStatus: 500 + index
          }
        })
        yield* commit(next)
        assert.deepStrictEqual(yield* (yield* CallQueries).find(call.tenantId, call.callId), next.row)
      }
    })
  )

  it.effect("a commit without a row leaves the row as it was", () =>
    Effect.gen(function* () {
      const call = Sample.target()
      const first = Sample.commit(call)
      yield* commit(first)
      yield* commit(Sample.commit(call, { expectedVersion: 1, row: null }))
      assert.deepStrictEqual(yield* (yield* CallQueries).find(call.tenantId, call.callId), first.row)
    })
  )
}

const fencing = (it: It) => {
  it.effect(
    "of two writers on one version exactly one wins",
    () =>
      Effect.gen(function* () {
        const call = Sample.target()
        const writers = ["a", "b", "c"].map((name) => commit(Sample.commit(call, { events: [Sample.event(name)] })))
        const results = yield* Effect.all(writers.map(Effect.result), { concurrency: "unbounded" })
        assert.lengthOf(results.filter(Result.isSuccess), 1)
        const lost = results.filter(Result.isFailure).map(({ failure }) => failure)
        assert.deepStrictEqual(
          lost.map((failure) => failure._tag === "CommitConflict" && failure.kind),
          ["version", "version"]
        )
        assert.strictEqual((yield* load(call)).version, 1)
      }),
    { tags: ["ADR-0005.2"] }
  )

  it.effect(
    "a version that was passed is refused",
    () =>
      Effect.gen(function* () {
        const call = Sample.target()
        yield* commit(Sample.commit(call))
        yield* commit(Sample.commit(call, { expectedVersion: 1 }))
        assert.strictEqual(yield* conflictOf(Sample.commit(call, { expectedVersion: 1 })), "version")
        assert.strictEqual(yield* conflictOf(Sample.commit(call, { expectedVersion: 0 })), "version")
        assert.strictEqual((yield* load(call)).version, 2)
      }),
    { tags: ["ADR-0005.2"] }
  )

  it.effect(
    "a version that was not reached yet is refused, so no stream has a gap",
    () =>
      Effect.gen(function* () {
        const call = Sample.target()
        assert.strictEqual(yield* conflictOf(Sample.commit(call, { expectedVersion: 1 })), "version")
        yield* commit(Sample.commit(call))
        assert.strictEqual(yield* conflictOf(Sample.commit(call, { expectedVersion: 2 })), "version")
        assert.strictEqual((yield* load(call)).version, 1)
      }),
    { tags: ["ADR-0005.2"] }
  )
}

const throughJson = <A>(value: A): A => JSON.parse(JSON.stringify(value)) as A

const payloads = (it: It, anyText: boolean) => {
  const assertRoundTrip = Effect.fnUntraced(function* (payload: unknown) {
    const call = Sample.target()
    const receipt = { ...Sample.receipt(call, "key"), answer: payload }
    const message = Sample.message(payload)
    yield* commit(Sample.commit(call, { events: [Sample.event(payload)], receipts: [receipt], outbox: [message] }))
    const slice = yield* load(call, { receiptKey: "key" })
    const expected = throughJson(payload)
    assert.deepStrictEqual(slice.events[0]?.payload, expected)
    assert.deepStrictEqual(slice.receipt?.answer, expected)
    assert.deepStrictEqual((yield* outboxOf(call.tenantId))[0]?.payload, expected)
  })

  it.effect("JSON comes back as it was: unicode, nesting, numbers, null, quotes, empty things", () =>
    assertRoundTrip({
      unicode: "žluťoučký 🐴 \u2028 \u0001 \\u0041",
      quotes: "\"'\\{},$1",
      numbers: [0, -1.5, 1e21, 5e-324, Number.MAX_SAFE_INTEGER, 0.1 + 0.2],
      nested: [{ a: [[], {}, [null, [true, false]]] }],
      nothing: null,
      "": "empty name"
    })
  )

  it.effect.each([null, "text", "", 7, true, [], {}] as const)("%o alone is a payload too", (payload) =>
    assertRoundTrip(payload)
  )

  it.effect.runIf(anyText)("text may hold U+0000 and half a surrogate pair, since other people's answers do", () =>
    assertRoundTrip({ nul: "a\u0000b", lone: "\ud83d" })
  )

  it.effect.prop(
    "any JSON comes back as it was",
    { json: PersistenceModel.Json },
    ({ json }) => assertRoundTrip(json),
    {
      arbitrary: propertyRunsTimes(0.4)
    }
  )
}

const laws = (it: It) => {
  it.effect.prop(
    "after any sequence of commits versions are contiguous and everything equals the model",
    { steps: Schema.Array(PersistenceModel.Step).check(Schema.isMaxLength(20)) },
    ({ steps }) => PersistenceModel.agrees(steps),
    { arbitrary: propertyRunsTimes(0.4), tags: ["ADR-0005.1", "ADR-0005.2"], timeout: 60_000 }
  )
}

export const suite = (name: string, harness: PersistenceHarness): void =>
  judge("Persistence", name, harness, (it) => {
    reading(it)
    fencing(it)
    atomicity(it)
    receipts(it)
    attachments(it)
    payloads(it, harness.anyText ?? true)
    laws(it)
    snapshots(it, harness.anyText ?? true)
    constraints(it)
    requirements(it)
  })
