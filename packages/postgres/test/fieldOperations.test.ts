/** Rules between customers, bins and orders, asked from two sides at once: on a real server, in every order that can be forced. */
import { customerActive } from "@dueline/contracts/customer/Customer"
import { Intents } from "@dueline/contracts/Intent"
import { CommandId, CorrelationId, EpochMillis, OrderId, type TenantId } from "@dueline/contracts/Ids"
import { binFree, customerFree, type OrderCommand, type TimeWindow } from "@dueline/contracts/order/Order"
import type { AnyRefusal, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import * as Writers from "@dueline/orchestration/Writers"
import * as OpsSample from "@dueline/port-contracts/queries/OpsSample"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer, Result, Schedule } from "effect"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

/** Writers as another process would have them: with pools of their own. */
const writers = Effect.gen(function* () {
  const at = yield* TestDatabase.TestDatabase
  const database = yield* Database.pools((role) => ({ ...at, username: `dueline_${role}` }))
  const store = PostgresPersistence.layer.pipe(Layer.provide(Layer.succeed(Database.Database, database)))
  return yield* Effect.provide(Writers.make(), Layer.merge(store, Intents.layer))
})

type Yard = ReturnType<typeof OpsSample.yard>

const schedule = ({ bin, customer }: Yard, window: TimeWindow): OrderCommand => ({
  _tag: "CreateOrder",
  orderId: OrderId.make(Sample.uuid()),
  at: EpochMillis.make(Sample.now),
  terms: {
    customerId: customer.customerId,
    binId: bin.binId,
    kind: "delivery",
    notifications: [],
    origin: { correlationId: CorrelationId.make("0abc"), traceparent: null }
  },
  window,
  items: [],
  schedule: true,
  fingerprint: null
})

const ask = ({ ask }: Orchestrator["Service"], tenantId: TenantId, command: OrderCommand) =>
  Effect.result(
    ask({
      tenantId,
      commandId: CommandId.make(`command-${command.orderId}`),
      correlationId: CorrelationId.make("0abc"),
      actor: { kind: "user", id: "sample" },
      traceparent: null,
      idempotency: null,
      expectedVersion: null,
      command
    })
  )

const overlap = (a: TimeWindow, b: TimeWindow): boolean => a.from < b.to && b.from < a.to

/** Asks for every window at the same moment, in turns of the two writers; says who got one and what the others heard. */
const attempt = Effect.fnUntraced(function* (yard: Yard, windows: ReadonlyArray<TimeWindow>) {
  const store = yield* Persistence
  yield* store.commit([OpsSample.commit(yard.customer), OpsSample.commit(yard.bin)])
  const [one, two] = [yield* writers, yield* writers]
  const asked = windows.map((window, n) => ({ window, by: n % 2 === 0 ? one : two, command: schedule(yard, window) }))
  const answers = yield* Effect.forEach(asked, ({ by, command }) => ask(by, yard.tenantId, command), {
    concurrency: "unbounded"
  })
  const won = windows.filter((_, n) => answers[n] !== undefined && Result.isSuccess(answers[n]))
  const lost = answers.flatMap(
    (answer, n): ReadonlyArray<{ refusal: AnyRefusal; window: TimeWindow | undefined }> =>
      Result.isFailure(answer) ? [{ refusal: answer.failure, window: windows[n] }] : []
  )
  return { won, lost }
})

const stored = (yard: Yard) =>
  TestDatabase.session((sql) =>
    sql.unsafe<{ readonly from: number; readonly to: number }>(
      `select window_from::float8 as from, window_to::float8 as to from dueline.order_rows
        where tenant_id = $1::uuid and bin_id = $2::uuid and status = 'Scheduled' order by window_from`,
      [yard.tenantId, yard.bin.binId]
    )
  )

/** What came of a batch: `done`, or why not. */
const said = (...batch: ReadonlyArray<Commit>) =>
  Effect.flatMap(Persistence, (store) => store.commit(batch)).pipe(
    Effect.result,
    Effect.map((result) =>
      Result.isSuccess(result)
        ? "done"
        : result.failure._tag === "RuleBroken"
          ? result.failure.rule
          : result.failure._tag
    )
  )

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("field operations", (it) => {
  it.effect(
    "of a hundred orders at once, by two writers, no two overlap, and whoever lost was told that the window is taken",
    () =>
      Effect.gen(function* () {
        const yard = OpsSample.yard()
        const windows = Array.from({ length: 100 }, (_, n) =>
          OpsSample.hours((n * 37) % 80, ((n * 37) % 80) + 1 + (n % 4))
        )
        const { lost, won } = yield* attempt(yard, windows)
        assert.isAbove(won.length, 10)
        assert.isAbove(lost.length, 10)
        for (const { refusal, window } of lost) {
          assert.strictEqual(refusal._tag, "OrderWindowTaken")
          assert.isTrue(
            won.some((other) => window !== undefined && overlap(other, window)),
            "refused for nothing"
          )
        }
        const kept = [...won].sort((a, b) => a.from - b.from)
        assert.deepStrictEqual(
          (yield* stored(yard)).map(({ from, to }) => [from, to]),
          kept.map(({ from, to }) => [from, to])
        )
        assert.isTrue(kept.every((window, n) => n === 0 || (kept[n - 1]?.to ?? Infinity) <= window.from))
      }),
    { tags: ["ADR-0021.1"] }
  )

  it.effect("of a hundred orders at once for one window exactly one gets it", () =>
    Effect.gen(function* () {
      const yard = OpsSample.yard()
      const { lost, won } = yield* attempt(
        yard,
        Array.from({ length: 100 }, () => OpsSample.hours(8, 10))
      )
      assert.lengthOf(won, 1)
      assert.isTrue(lost.every(({ refusal }) => refusal._tag === "OrderWindowTaken"))
    })
  )

  it.effect("a hundred orders at once whose windows only touch all get them", () =>
    Effect.gen(function* () {
      const windows = Array.from({ length: 100 }, (_, n) => OpsSample.hours((n * 37) % 100, ((n * 37) % 100) + 1))
      assert.lengthOf((yield* attempt(OpsSample.yard(), windows)).won, 100)
    })
  )

  it.effect("batches that want the same bins, in opposite orders, do not wait for each other in a circle", () =>
    Effect.gen(function* () {
      const { customer, tenantId } = OpsSample.yard()
      const bins = Array.from({ length: 20 }, () => OpsSample.bin(tenantId))
      yield* (yield* Persistence).commit([customer, ...bins].map((row) => OpsSample.commit(row)))
      const order = (bin: Yard["bin"], hour: number) =>
        OpsSample.order(bin, customer.customerId, { window: OpsSample.hours(hour, hour + 1) })
      for (let hour = 0; hour < 20; hour += 2) {
        const batch = (from: number) => bins.map((bin) => OpsSample.placed(order(bin, from)))
        const backwards = (from: number) => bins.toReversed().map((bin) => OpsSample.placed(order(bin, from)))
        const apart = [said(...batch(hour)), said(...backwards(hour + 1))]
        assert.deepStrictEqual(yield* Effect.all(apart, { concurrency: 2 }), ["done", "done"])
        // Who wants windows that are not free waits for nobody but the one who has them.
        const against = [said(...batch(hour + 100)), said(...backwards(hour + 100))]
        assert.sameMembers(yield* Effect.all(against, { concurrency: 2 }), ["done", "window_taken"])
      }
    })
  )
})

interface Race {
  readonly name: string
  readonly one: (yard: Yard) => Commit
  readonly other: (yard: Yard) => Commit
  /** What the other hears when it comes second. */
  readonly afterOne: string
  /** What the one hears when it comes second. */
  readonly afterOther: string
}

const order = ({ bin, customer }: Yard): Commit => OpsSample.placed(OpsSample.order(bin, customer.customerId))

const races: ReadonlyArray<Race> = [
  {
    name: "an order, and its bin being retired",
    one: order,
    other: ({ bin }) =>
      OpsSample.commit(OpsSample.next(bin, { status: "Retired" }), {
        requires: [binFree(bin.binId, null)]
      }),
    afterOne: "bin_in_use",
    afterOther: "bin_retired"
  },
  {
    name: "an order, and its bin being given to somebody else",
    one: order,
    other: ({ bin }) => {
      const customerId = OpsSample.customerId()
      return OpsSample.commit(OpsSample.next(bin, { customerId }), {
        requires: [binFree(bin.binId, customerId)]
      })
    },
    afterOne: "bin_in_use",
    afterOther: "bin_of_another_customer"
  },
  {
    name: "an order, and its customer being erased",
    one: order,
    other: ({ customer }) =>
      OpsSample.commit(OpsSample.next(customer, { status: "Erased" }), {
        requires: [customerFree(customer.customerId)]
      }),
    afterOne: "customer_in_use",
    afterOther: "customer_erased"
  },
  {
    name: "an order, and another one for the same window",
    one: order,
    other: order,
    afterOne: "window_taken",
    afterOther: "window_taken"
  },
  {
    name: "a bin being given to a customer, and that customer being erased",
    one: ({ bin, customer }) =>
      OpsSample.commit(OpsSample.next(bin, { customerId: customer.customerId }), {
        requires: [customerActive(customer.customerId)]
      }),
    other: ({ customer }) => OpsSample.commit(OpsSample.next(customer, { status: "Erased" })),
    afterOne: "done",
    afterOther: "customer_erased"
  }
]

const waiting = TestDatabase.session((sql) =>
  sql.unsafe<{ readonly n: number }>(
    `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  )
)

/** Commits the first one in a transaction that stays open until the second waits for it, then ends it; says what the second heard. */
const second = Effect.fnUntraced(function* (yard: Yard, first: Commit, later: Commit, end: "commit" | "roll back") {
  const store = yield* Persistence
  const { writer } = yield* Database.Database
  yield* store.commit([OpsSample.commit(yard.customer), OpsSample.commit(yard.bin)])
  const [written, released] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
  const holder = yield* Effect.gen(function* () {
    yield* store.commit([first])
    yield* Deferred.succeed(written, undefined)
    yield* Deferred.await(released)
    if (end === "roll back") yield* Effect.fail("rolled back")
  }).pipe(writer.withTransaction, Effect.result, Effect.forkChild)
  yield* Deferred.await(written)
  const answer = yield* Effect.forkChild(said(later))
  const waits = Effect.map(waiting, ([row]) => (row?.n ?? 0) > 0)
  const blocked = yield* Effect.repeat(waits, { until: (yes) => yes, schedule: Schedule.recurs(2_000) })
  assert.isTrue(blocked, "the second did not wait for the first")
  yield* Deferred.succeed(released, undefined)
  assert.strictEqual(Result.isSuccess(yield* Fiber.join(holder)), end === "commit")
  return yield* Fiber.join(answer)
})

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("races for a bin or a customer", (it) => {
  it.effect.each(races)(
    "$name: whoever is second waits, and is judged by what the first came to",
    (race) =>
      Effect.gen(function* () {
        const yards = Array.from({ length: 4 }, () => OpsSample.yard())
        const [a, b, c, d] = yards as [Yard, Yard, Yard, Yard]
        assert.strictEqual(yield* second(a, race.one(a), race.other(a), "commit"), race.afterOne)
        assert.strictEqual(yield* second(b, race.other(b), race.one(b), "commit"), race.afterOther)
        assert.strictEqual(yield* second(c, race.one(c), race.other(c), "roll back"), "done")
        assert.strictEqual(yield* second(d, race.other(d), race.one(d), "roll back"), "done")
      }),
    { tags: ["ADR-0021.2"] }
  )
})
