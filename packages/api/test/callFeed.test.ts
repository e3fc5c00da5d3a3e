/** What is told of changes, on a clock that the test turns. */
import * as CallNotices from "@dueline/contracts/CallNotices"
import { TenantId } from "@dueline/contracts/Ids"
import { CallQueries, findManyLimit } from "@dueline/contracts/ports/Queries"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Layer, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as CallFeed from "../src/calls/CallFeed.ts"

const tenant = TenantId.make("11111111-1111-4111-8111-111111111111")
const other = TenantId.make("22222222-2222-4222-8222-222222222222")

interface Told {
  readonly sequence: number
  readonly calls: ReadonlyArray<{ readonly id: string }>
  readonly omitted: number
}

const world = { phase: "serving" as "serving" | "draining", down: false, reads: [] as Array<number> }

const queries = Layer.sync(CallQueries, () => {
  Object.assign(world, { phase: "serving", down: false, reads: [] })
  return {
    list: () => Effect.die("not asked"),
    find: () => Effect.die("not asked"),
    history: () => Effect.die("not asked"),
    flow: () => Effect.die("not asked"),
    findMany: (tenantId, callIds) => {
      world.reads.push(callIds.length)
      return world.down
        ? Effect.fail(new StoreUnavailable({ operation: "find calls", cause: new Error("away") }))
        : Effect.succeed(callIds.map((callId) => Sample.row({ ...Sample.target(tenantId), callId })))
    }
  }
})

const health = Layer.succeed(HealthChecks, {
  version: "0",
  startedAt: 0,
  phase: () => world.phase,
  processes: () => [],
  dependencies: Effect.succeed([])
})

const layer = () => CallFeed.layer().pipe(Layer.provide([queries, health]), Layer.provideMerge(CallNotices.layerLocal))

const decoder = new TextDecoder()

/** What one reader has been told by now, and the fiber that reads. */
const reading = Effect.fnUntraced(function* (tenantId: TenantId) {
  const { of } = yield* CallFeed.CallFeed
  const told: Array<Told> = []
  const fiber = yield* Effect.forkScoped(
    Stream.runForEach(of(tenantId), (bytes) =>
      Effect.sync(() => {
        const [, data = ""] = /^event: message\ndata: (.*)\n\n$/u.exec(decoder.decode(bytes)) ?? []
        told.push(JSON.parse(data))
      })
    )
  )
  yield* TestClock.adjust(0)
  return { told, fiber }
})

const change = (count: number, tenantId = tenant) =>
  Effect.map(CallNotices.CallNotices, ({ changed }) => {
    const ids = Array.from({ length: count }, () => Sample.target(tenantId).callId)
    for (const id of ids) changed(tenantId, id)
    return ids
  })

it.effect("a stream begins with where it stands, and says every fifteen seconds that it is there", () =>
  Effect.gen(function* () {
    const { told } = yield* reading(tenant)
    assert.deepStrictEqual(told, [{ sequence: 0, calls: [], omitted: 0 }])
    yield* TestClock.adjust("45 seconds")
    assert.lengthOf(told, 4)
    assert.deepStrictEqual(world.reads, [])
  }).pipe(Effect.provide(layer()))
)

it.effect(
  "changes are told within 50 ms, each call once, at most four times a second, in one statement for all readers",
  () =>
    Effect.gen(function* () {
      const [first, second] = [yield* reading(tenant), yield* reading(tenant)]
      const stranger = yield* reading(other)
      const { changed } = yield* CallNotices.CallNotices
      const { callId } = Sample.target(tenant)
      for (let n = 0; n < 10; n++) changed(tenant, callId)
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(
        first.told.at(-1)?.calls.map(({ id }) => id),
        [callId]
      )
      for (let ms = 0; ms < 1_000; ms += 10) {
        yield* change(1)
        yield* TestClock.adjust(10)
      }
      assert.lengthOf(world.reads, 5)
      assert.deepStrictEqual(
        first.told.map(({ sequence }) => sequence),
        [0, 1, 2, 3, 4, 5]
      )
      assert.deepStrictEqual(second.told, first.told)
      assert.lengthOf(stranger.told, 1)
    }).pipe(Effect.provide(layer())),
  { tags: ["ADR-0044.1"] }
)

it.effect(
  "of more calls than one question may name the latest are told, and how many are not",
  () =>
    Effect.gen(function* () {
      const { told } = yield* reading(tenant)
      const ids = yield* change(findManyLimit + 30)
      yield* TestClock.adjust(50)
      assert.deepStrictEqual(
        told.at(-1)?.calls.map(({ id }) => id),
        ids.slice(30)
      )
      assert.strictEqual(told.at(-1)?.omitted, 30)
      assert.deepStrictEqual(world.reads, [findManyLimit])
    }).pipe(Effect.provide(layer())),
  { tags: ["ADR-0044.1"] }
)

it.effect(
  "a store that is away leaves a hole in the sequence",
  () =>
    Effect.gen(function* () {
      const { told } = yield* reading(tenant)
      world.down = true
      yield* change(1)
      yield* TestClock.adjust(250)
      world.down = false
      yield* change(1)
      yield* TestClock.adjust(250)
      assert.deepStrictEqual(
        told.map(({ sequence }) => sequence),
        [0, 2]
      )
    }).pipe(Effect.provide(layer())),
  { tags: ["ADR-0044.2"] }
)

it.effect(
  "a reader that does not read is told the last eight things afterwards, and sees that there was more",
  () =>
    Effect.gen(function* () {
      const { of } = yield* CallFeed.CallFeed
      const sequences: Array<number> = []
      yield* Effect.forkScoped(
        Stream.runForEach(of(tenant), (bytes) => {
          sequences.push(JSON.parse(/data: (.*)\n/u.exec(decoder.decode(bytes))?.[1] ?? "").sequence)
          return Effect.sleep(sequences.length === 1 ? 10_000 : 0)
        })
      )
      yield* TestClock.adjust(0)
      for (let n = 0; n < 30; n++) {
        yield* change(1)
        yield* TestClock.adjust(250)
      }
      assert.deepStrictEqual(sequences, [0])
      yield* TestClock.adjust(2_500)
      assert.deepStrictEqual(sequences, [0, 1, 23, 24, 25, 26, 27, 28, 29, 30])
    }).pipe(Effect.provide(layer())),
  { tags: ["ADR-0044.2"] }
)

it.effect(
  "streams end soon after the process has begun to stop, and after ten minutes",
  () =>
    Effect.gen(function* () {
      const early = yield* reading(tenant)
      yield* TestClock.adjust("10 minutes")
      assert.isDefined(early.fiber.pollUnsafe())
      const late = yield* reading(tenant)
      world.phase = "draining"
      yield* TestClock.adjust(200)
      assert.isDefined(late.fiber.pollUnsafe())
      const after = yield* reading(tenant)
      assert.isDefined(after.fiber.pollUnsafe())
      assert.deepStrictEqual(after.told, [])
    }).pipe(Effect.provide(layer())),
  { tags: ["ADR-0044.2"] }
)

it.effect("a tenant's streams leave room for those of others, and nobody is listened to for one that has gone", () =>
  Effect.gen(function* () {
    const { hasRoom, of } = yield* CallFeed.CallFeed
    const fibers = yield* Effect.forEach(Array.from({ length: 1_001 }), () =>
      Effect.forkScoped(Stream.runDrain(of(tenant)), { startImmediately: true })
    )
    yield* TestClock.adjust(0)
    assert.isFalse(hasRoom(tenant))
    assert.isTrue(hasRoom(other))
    yield* Fiber.interruptAll(fibers)
    assert.isTrue(hasRoom(tenant))
    yield* change(1)
    yield* TestClock.adjust("1 second")
    assert.deepStrictEqual(world.reads, [])
  }).pipe(Effect.provide(layer()))
)
