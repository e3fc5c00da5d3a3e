/** A store small enough to be obviously right, and the steps that are taken on it and on the real one. */
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect, Result, Schema } from "effect"
import * as Sample from "../Sample.ts"

const Leaf = Schema.Union([
  Schema.Null,
  Schema.Boolean,
  Schema.Finite,
  // What a store may declare that it cannot keep has a sentence of its own.
  Schema.String.check(Schema.isPattern(/^[^\p{Cc}\p{Surrogate}]*$/u))
])
const Branch = Schema.Union([
  Leaf,
  Schema.Array(Leaf),
  Schema.Record(Schema.String.check(Schema.isPattern(/^[a-zé "']{0,8}$/u)), Leaf)
])

/** Plain JSON, two levels deep. */
export const Json = Schema.Union([Branch, Schema.Array(Branch)])

const small = (maximum: number) => Schema.Int.check(Schema.isBetween({ minimum: 0, maximum }))

const Part = Schema.Struct({
  stream: small(3),
  /** 0: the right version, 1: one too low, 2: one too high. Mostly right, so that streams grow. */
  mistake: Schema.Literals([0, 0, 0, 0, 1, 2]),
  events: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 3 })),
  key: Schema.NullOr(small(12))
})

/** One batch; parts that name a stream twice are dropped, as the port demands. */
export const Step = Schema.Array(Part).check(Schema.isMaxLength(4))
export type Step = typeof Step.Type

interface Model {
  readonly versions: Map<Sample.Target, number>
  readonly keys: Map<string, Sample.Target>
}

const batchOf = (model: Model, calls: ReadonlyArray<Sample.Target>, step: Step) => {
  const batch = new Map<Sample.Target, Commit>()
  for (const { events, key, mistake, stream } of step) {
    const call = calls[stream]
    if (call === undefined || batch.has(call)) continue
    const version = model.versions.get(call) ?? 0
    const expectedVersion = Math.max(0, version + (mistake === 1 ? -1 : mistake === 2 ? 1 : 0))
    batch.set(
      call,
      Sample.commit(call, {
        expectedVersion,
        events: Array.from({ length: events }, (_, index) => Sample.event(expectedVersion + index + 1)),
        receipts: key === null ? [] : [Sample.receipt(call, `key-${key}`, expectedVersion + events)]
      })
    )
  }
  return batch
}

const isLawful = (model: Model, batch: ReadonlyMap<Sample.Target, Commit>): boolean => {
  const keys = [...batch.values()].flatMap(({ receipts }) => receipts.map(({ key }) => key))
  const fresh = new Set(keys).size === keys.length && !keys.some((key) => model.keys.has(key))
  return fresh && [...batch].every(([call, { expectedVersion }]) => expectedVersion === (model.versions.get(call) ?? 0))
}

const apply = (model: Model, batch: ReadonlyMap<Sample.Target, Commit>): void => {
  for (const [call, { events, expectedVersion, receipts }] of batch) {
    model.versions.set(call, expectedVersion + events.length)
    for (const { key } of receipts) model.keys.set(key, call)
  }
}

/** Takes every step on the model and on the store; both accept the same ones, and in the end hold the same. */
export const agrees = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const store = yield* Persistence
  const tenant = Sample.tenantId()
  const calls = Array.from({ length: 4 }, () => Sample.target(tenant))
  const model: Model = { versions: new Map(), keys: new Map() }
  for (const step of steps) {
    const batch = batchOf(model, calls, step)
    const lawful = isLawful(model, batch)
    const result = yield* Effect.result(store.commit([...batch.values()]))
    assert.strictEqual(Result.isSuccess(result), lawful)
    if (lawful) apply(model, batch)
  }
  const keys = Array.from({ length: 13 }, (_, index) => `key-${index}`)
  for (const call of calls) {
    const [slice] = yield* store.load([Sample.loadRequest(call)])
    const version = model.versions.get(call) ?? 0
    const expected = Array.from({ length: version }, (_, index) => index + 1)
    assert.strictEqual(slice?.version, version)
    assert.deepStrictEqual(
      slice?.events.map((event) => event.version),
      expected
    )
    assert.deepStrictEqual(
      slice?.events.map(({ payload }) => payload),
      expected
    )
  }
  const slices = yield* store.load(
    keys.map((receiptKey) => Sample.loadRequest(Sample.target(tenant), { receiptKey, wantEvents: false }))
  )
  assert.deepStrictEqual(
    slices.map(({ receipt }) => receipt?.streamId),
    keys.map((key) => model.keys.get(key)?.callId).map((id) => (id === undefined ? undefined : Sample.streamOf(id)))
  )
})
