/** The writer on a store that fails, conflicts, dies and forgets to answer; no clock but the test's own. */
import { assert, describe, it } from "@effect/vitest"
import type { Intent } from "@dueline/contracts/Intent"
import * as Sample from "@dueline/port-contracts/Sample"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { FaultyStore } from "./FaultyStore.ts"
import * as Call from "./ServiceCallSample.ts"
import { ask, askAll, one, said, streamsIn, writerOn } from "./WriterUnderTest.ts"

const { envelope } = Call
const types = (store: FaultyStore) => streamsIn(store)[Call.callId] ?? []
const submissions = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => envelope(Call.submit({ callId: Call.call(from + i) })))

describe("group commit", () => {
  it.effect(
    "a hundred who ask at once share very few commits, and each has its own answer",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const answers = yield* askAll(yield* writerOn(store), submissions(1, 101))
        assert.deepStrictEqual(
          answers,
          Array.from({ length: 100 }, () => "Submitted 1")
        )
        assert.isAtMost(store.batches.length, 3)
        assert.strictEqual(store.loads, 0, "a fresh call under a random id needs no query")
      }),
    { tags: ["ADR-0005.1"] }
  )

  it.effect("no commit is larger than the limit, whatever waits", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      yield* askAll(yield* writerOn(store, { batchLimit: 8 }), submissions(1, 21))
      assert.deepStrictEqual([...store.batches].sort((a, b) => b - a)[0], 8)
      assert.lengthOf(store.memory.dump().rows, 20)
    })
  )

  it.effect("what is refused does not keep its neighbours from being stored", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      const envelopes = [
        one().submit,
        envelope(Call.rerun()),
        envelope(Call.cancel({ callId: Call.call(9) })),
        one().cancel
      ]
      assert.deepStrictEqual(yield* askAll(writer, envelopes), [
        "Submitted 1",
        "IllegalTransition",
        "ServiceCallNotFound",
        "Cancelled 2"
      ])
      assert.lengthOf(store.batches, 1)
    })
  )

  it.effect("one more than may wait is told so, and those who wait are served", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const gate = (store.gate = yield* Deferred.make<void>())
      const writer = yield* writerOn(store, { queueLimit: 6 })
      const first = yield* Effect.forkChild(writer.ask(one(Call.call(1)).submit))
      yield* TestClock.adjust(0)
      const waiting = yield* Effect.forEach(submissions(2, 5), (e) =>
        Effect.forkChild(writer.ask(e), { startImmediately: true })
      )
      assert.strictEqual(writer.depth(), 3)
      assert.strictEqual(said(yield* Effect.exit(writer.ask(one(Call.call(5)).submit))), "Overloaded")
      yield* Deferred.succeed(gate, undefined)
      const answers = yield* Effect.forEach([first, ...waiting], Fiber.await)
      assert.deepStrictEqual(
        answers.map(said),
        Array.from({ length: 4 }, () => "Submitted 1")
      )
      assert.lengthOf(store.memory.dump().rows, 4)
    })
  )

  it.effect("nobody hears an answer, and nothing is set going, before it is durable", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const published: Array<Intent> = []
      const gate = (store.gate = yield* Deferred.make<void>())
      const writer = yield* writerOn(store, {}, published)
      const fiber = yield* Effect.forkChild(writer.ask(one().submit))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual([fiber.pollUnsafe(), published], [undefined, []])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        published.map(({ _tag }) => _tag),
        ["AlarmWanted"]
      )
      yield* ask(writer, one().cancel)
      assert.deepStrictEqual(
        published.map(({ _tag }) => _tag),
        ["AlarmWanted", "OutboxFilled"]
      )
    })
  )
})

describe("a store that fails", () => {
  it.effect(
    "an acknowledgement that was lost is found in the receipt: one effect, one answer",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writer = yield* writerOn(store)
        store.commitFaults.push("after", "after")
        assert.strictEqual(yield* ask(writer, envelope(Call.submit(), { key: "k1" })), "Submitted 1 replayed")
        assert.strictEqual(
          yield* ask(writer, envelope(Call.cancel(), { key: "k2", expectedVersion: 1 })),
          "Cancelled 2 replayed"
        )
        assert.deepStrictEqual(types(store), ["ServiceCallSubmitted", "ServiceCallCancelled"])
      }),
    { tags: ["ADR-0006.3"] }
  )

  it.effect(
    "an acknowledgement that was lost of a command without a key is found in the state",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writer = yield* writerOn(store)
        const heard: Array<string | undefined> = []
        for (const command of [
          Call.submit(),
          Call.reschedule({ dueAt: Call.t0 }),
          Call.due({ revision: 2 }),
          Call.success()
        ]) {
          store.commitFaults.push("after")
          heard.push(yield* ask(writer, envelope(command)))
        }
        assert.deepStrictEqual(heard, ["Submitted 1", "Rescheduled 2", "Started 3", "Recorded 4"])
        assert.deepStrictEqual(types(store), [
          "ServiceCallSubmitted",
          "ServiceCallRescheduled",
          "ExecutionStarted",
          "ExecutionSucceeded"
        ])
      }),
    { tags: ["ADR-0006.3"] }
  )

  for (const faults of ["commitFaults", "loadFaults"] as const) {
    it.effect(`a short burst of ${faults} is waited out, a long one is told, and the writer lives on`, () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writer = yield* writerOn(store)
        store[faults].push(...Array.from({ length: 6 }, () => "before" as const))
        assert.strictEqual(yield* ask(writer, envelope(Call.submit(), { key: "k1" })), "Submitted 1")
        store[faults].push(...Array.from({ length: 7 }, () => "before" as const))
        const cancels = [
          envelope(Call.cancel(), { key: "k2" }),
          envelope(Call.cancel({ callId: Call.call(2) }), { key: "k3" })
        ]
        assert.deepStrictEqual(yield* askAll(writer, cancels), ["StoreUnavailable", "StoreUnavailable"])
        assert.deepStrictEqual(types(store), ["ServiceCallSubmitted"])
        assert.deepStrictEqual(yield* askAll(writer, cancels), ["Cancelled 2", "ServiceCallNotFound"])
      })
    )
  }

  it.effect("conflicts are decided again; without end they are told as unavailable, never as a defect", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      store.commitFaults.push("conflict", "conflict")
      assert.strictEqual(yield* ask(writer, one().submit), "Submitted 1")
      store.commitFaults.push(...Array.from({ length: 3 }, () => "conflict" as const))
      assert.strictEqual(yield* ask(writer, one().cancel), "StoreUnavailable")
      assert.strictEqual(yield* ask(writer, one().cancel), "Cancelled 2")
    })
  )
})

describe("poison", () => {
  it.effect("a command that makes the store die sinks alone", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const writer = yield* writerOn(store)
      store.poison = Call.call(3)
      const answers = yield* askAll(writer, submissions(1, 6))
      assert.deepStrictEqual(answers, ["Submitted 1", "Submitted 1", "defect", "Submitted 1", "Submitted 1"])
      assert.strictEqual(yield* ask(writer, one(Call.call(1)).cancel), "Cancelled 2")
    })
  )

  for (const fault of ["interrupt", "dies"] as const) {
    it.effect(`a store that ${fault} in the middle of a batch takes nobody with it`, () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writer = yield* writerOn(store)
        store.commitFaults.push(fault)
        assert.deepStrictEqual(yield* askAll(writer, submissions(1, 4)), ["Submitted 1", "Submitted 1", "Submitted 1"])
        store.loadFaults.push(fault)
        assert.strictEqual(yield* ask(writer, one(Call.call(7)).cancel), "defect")
        assert.strictEqual(yield* ask(writer, one(Call.call(1)).cancel), "Cancelled 2")
      })
    )
  }

  it.effect(
    "one tenant's thousands of commands neither fill the queue nor stand before another's",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const gate = (store.gate = yield* Deferred.make<void>())
        const writer = yield* writerOn(store, { queueLimit: 4_000, batchLimit: 64 })
        const theirs = Sample.tenantId()
        const askOf = (envelope: ReturnType<typeof submissions>[number]) =>
          Effect.forkChild(writer.ask(envelope), { startImmediately: true })
        const inHand = yield* askOf(one(Call.call(1)).submit)
        yield* TestClock.adjust(0)
        const flood = yield* Effect.forEach(submissions(2, 3_002), askOf)
        assert.strictEqual(writer.depth(), 2_000)
        const others = yield* Effect.forEach(submissions(2, 12), (envelope) => askOf({ ...envelope, tenantId: theirs }))
        yield* Deferred.succeed(gate, undefined)
        yield* Fiber.await(inHand)
        yield* Effect.forEach(others, Fiber.await)
        // The next batch had all ten of them, though two thousand had come before.
        assert.deepStrictEqual(store.batches, [1, 64])
        const answers = yield* Effect.forEach(flood, Fiber.await)
        assert.strictEqual(answers.filter((answer) => said(answer) === "Submitted 1").length, 2_000)
        assert.strictEqual(answers.filter((answer) => said(answer) === "Overloaded").length, 1_000)
      }),
    { tags: ["ADR-0027.3"] }
  )

  it.effect(
    "commits are smaller while several tenants ask, so that another's command waits less for the one under way",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writer = yield* writerOn(store, { batchLimit: 200, sharedBatchLimit: 20 })
        yield* askAll(writer, submissions(1, 301))
        assert.strictEqual(Math.max(...store.batches), 200)
        yield* ask(writer, { ...one(Call.call(301)).submit, tenantId: Sample.tenantId() })
        store.batches.length = 0
        yield* askAll(writer, submissions(302, 602))
        assert.strictEqual(Math.max(...store.batches), 20)
      }),
    { tags: ["ADR-0027.3"] }
  )

  it.effect("whoever waits when the writer ends is told, and so is whoever comes later", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      store.gate = yield* Deferred.make<void>()
      const scope = yield* Scope.make()
      const writer = yield* Scope.provide(writerOn(store), scope)
      const inHand = yield* Effect.forkChild(writer.ask(one(Call.call(1)).submit))
      yield* TestClock.adjust(0)
      const waiting = yield* Effect.forkChild(writer.ask(one(Call.call(2)).submit), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      const heard = [
        yield* Fiber.await(inHand),
        yield* Fiber.await(waiting),
        yield* Effect.exit(writer.ask(one().submit))
      ]
      assert.deepStrictEqual(heard.map(said), ["StoreUnavailable", "StoreUnavailable", "Overloaded"])
    })
  )
})

describe("whoever offers", () => {
  /** What each of them hears, however often, while the store fails as it is told to and the writer ends at last. */
  const heardBy = Effect.fnUntraced(function* (
    store: FaultyStore,
    envelopes: ReturnType<typeof submissions>,
    onAnswer: (nth: number) => void = () => undefined
  ) {
    const scope = yield* Scope.make()
    const writer = yield* Scope.provide(writerOn(store, { batchLimit: 4 }), scope)
    const heard = envelopes.map((): Array<string> => [])
    envelopes.forEach((one, i) => {
      writer.offer(one, (exit) => {
        heard[i]?.push(said(exit))
        onAnswer(i)
      })
    })
    for (let turn = 0; turn < 100 && heard.some(({ length }) => length === 0); turn += 1) {
      yield* TestClock.adjust("1 minute")
    }
    yield* Scope.close(scope, Exit.void)
    return heard
  })

  it.effect(
    "hears once, whether the batch was stored, decided again, split or poisoned, and not again at the end",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        store.poison = Call.call(6)
        store.commitFaults.push("conflict", "none", "after")
        const heard = yield* heardBy(store, submissions(1, 10))
        const told = Array.from({ length: 9 }, (_, i) => [i === 5 ? "defect" : "Submitted 1"])
        assert.deepStrictEqual(heard, told)
      })
  )

  it.effect("hears nothing before it is stored", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const stored: Array<boolean> = []
      yield* heardBy(store, submissions(1, 10), (nth) => {
        stored.push(store.memory.dump().events.some(({ streamId }) => streamId === (Call.call(nth + 1) as string)))
      })
      assert.deepStrictEqual(
        stored,
        Array.from({ length: 9 }, () => true)
      )
    })
  )

  it.effect("and fails on the answer keeps nobody from hearing theirs", () =>
    Effect.gen(function* () {
      const heard = yield* heardBy(new FaultyStore(), submissions(1, 10), (nth) => {
        if (nth === 1) throw new Error("asked for it")
      })
      assert.deepStrictEqual(
        heard,
        Array.from({ length: 9 }, () => ["Submitted 1"])
      )
    })
  )
})

describe("two writers on one store", () => {
  it.effect(
    "what one remembers wrongly is corrected by the store before it is said",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const [mine, other] = [yield* writerOn(store), yield* writerOn(store)]
        yield* ask(mine, one().submit)
        yield* ask(other, one().reschedule)
        assert.strictEqual(
          yield* ask(mine, envelope(Call.reschedule({ dueAt: Call.dueAt }))),
          "Rescheduled 3",
          "not `already there`"
        )
        yield* ask(other, one().cancel)
        assert.strictEqual(yield* ask(mine, one().reschedule), "IllegalTransition")
        assert.strictEqual(yield* ask(mine, one().submit), "Submitted 4", "the call is known, under its latest version")
        assert.strictEqual(types(store).length, 4)
      }),
    { tags: ["ADR-0005.2"] }
  )

  it.effect("a refusal is not made of memory either", () =>
    Effect.gen(function* () {
      const store = new FaultyStore()
      const [mine, other] = [yield* writerOn(store), yield* writerOn(store)]
      yield* ask(mine, one().submit)
      yield* ask(mine, one().due)
      yield* ask(other, envelope(Call.failure({ retryable: false })))
      assert.strictEqual(yield* ask(mine, envelope(Call.rerun(), { expectedVersion: 4 })), "Rerun 5")
    })
  )

  it.effect(
    "of two who ask the same of a fresh call exactly one is the first",
    () =>
      Effect.gen(function* () {
        const store = new FaultyStore()
        const writers = [yield* writerOn(store), yield* writerOn(store)]
        const twin = envelope(Call.submit(), { key: "k1" })
        const answers = yield* Effect.forEach(writers, (writer) => askAll(writer, [twin]), { concurrency: 2 })
        assert.deepStrictEqual(answers.flat().sort(), ["Submitted 1", "Submitted 1 replayed"])
        assert.deepStrictEqual(types(store), ["ServiceCallSubmitted"])
      }),
    { tags: ["ADR-0005.2", "ADR-0006.4"] }
  )
})
