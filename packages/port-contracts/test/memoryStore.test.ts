/** What the memory store promises beyond its ports: a whole view for checkers, and no patience with callers who break the rules. */
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect, Exit } from "effect"

it.effect("a dump holds all events in the order of their commits, and later commits do not show in it", () =>
  Effect.gen(function* () {
    const store = MemoryStore.make()
    const [a, b] = [Sample.target(), Sample.target()]
    const first = Sample.commit(a, { events: [Sample.event(1), Sample.event(2)] })
    yield* store.persistence.commit([first, Sample.commit(b, { events: [Sample.event(3)] })])
    yield* store.persistence.commit([Sample.commit(a, { expectedVersion: 2, events: [Sample.event(4)] })])
    const { events, rows } = store.dump()
    yield* store.persistence.commit([Sample.commit(b, { expectedVersion: 1 })])
    const told = events.map(({ event, position }) => [position, event.version, event.payload])
    assert.deepStrictEqual(told, [
      [1, 1, 1],
      [2, 2, 2],
      [3, 1, 3],
      [4, 3, 4]
    ])
    assert.deepStrictEqual(
      rows.map(({ version }) => version),
      [3, 1]
    )
    assert.lengthOf(store.dump().events, 5)
  })
)

it.effect(
  "a dump holds attachments until they are erased, receipts until they are forgotten, and dead letters with their history",
  () =>
    Effect.gen(function* () {
      const store = MemoryStore.make()
      const call = Sample.target()
      const receipt = Sample.receipt(call, "key")
      yield* store.persistence.commit([
        Sample.commit(call, {
          sealed: { _tag: "set", value: "secret" },
          receipts: [receipt],
          outbox: [Sample.message()]
        })
      ])
      const [entry] = yield* store.outbox.claim({ now: 0, limit: 1 })
      if (entry === undefined) return assert.fail("nothing to claim")
      yield* store.outbox.settle([{ _tag: "Failed", entry, retryAt: 5, error: "first" }])
      assert.strictEqual(store.dump().outbox[0]?.retryAt, 5)
      yield* store.outbox.settle([{ _tag: "Dead", entry: { ...entry, failures: 1 }, error: "second" }])
      assert.deepStrictEqual(
        store.dump().dead.map(({ errors }) => errors),
        [["first", "second"]]
      )
      assert.deepStrictEqual(store.dump().sealed, { [`${call.tenantId}/${call.callId}`]: "secret" })
      store.forgetReceipts(receipt.expiresAt - 1)
      assert.lengthOf(store.dump().receipts, 1)
      store.forgetReceipts(receipt.expiresAt)
      assert.lengthOf(store.dump().receipts, 0)
      yield* store.persistence.commit([Sample.commit(call, { expectedVersion: 1, sealed: { _tag: "erase" } })])
      assert.deepStrictEqual(store.dump().sealed, {})
    })
)

it.effect("what was committed cannot be changed from outside", () =>
  Effect.gen(function* () {
    const store = MemoryStore.make()
    const call = Sample.target()
    const payload = { list: [1] }
    yield* store.persistence.commit([Sample.commit(call, { events: [Sample.event(payload)] })])
    payload.list.push(2)
    const [slice] = yield* store.persistence.load([Sample.loadRequest(call)])
    assert.deepStrictEqual(slice?.events[0]?.payload, { list: [1] })
  })
)

it.effect.each([
  [
    "two commits of one stream in a batch",
    (call: Sample.Target) => [Sample.commit(call), Sample.commit(call, { expectedVersion: 1 })]
  ],
  ["a commit without events", (call: Sample.Target) => [Sample.commit(call, { events: [] })]],
  [
    "an attachment of a bin",
    ({ tenantId }: Sample.Target) => [
      OpsSample.commit(OpsSample.bin(tenantId), { sealed: { _tag: "set", value: "lost" } })
    ]
  ]
] as const)("%s is a defect, and nothing is stored", ([, batchOf]) =>
  Effect.gen(function* () {
    const store = MemoryStore.make()
    const exit = yield* Effect.exit(store.persistence.commit(batchOf(Sample.target())))
    assert.isTrue(Exit.hasDies(exit))
    assert.lengthOf(store.dump().events, 0)
  })
)
