/** Product events by days: an id is known again on the next one, days are made before they are needed, and dropped when they are past. */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import { ProductEventId, type ReportedEvent } from "@dueline/contracts/productEvent/ProductEvent"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresProductEvents from "@dueline/postgres/write/PostgresProductEvents"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresProductEvents.layer().pipe(Layer.provideMerge(TestDatabase.layer))

const days = TestDatabase.session((sql) =>
  Effect.map(
    sql<{
      readonly day: string
    }>`select right(c.relname, 8) as day from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'dueline.product_events'::regclass order by 1`,
    (rows) => rows.map(({ day }) => day)
  )
)
/** The day so many after today, as the server has it. */
const dayAfter = (n: number) =>
  TestDatabase.session((sql) =>
    Effect.map(
      sql<{ readonly day: string }>`select to_char((now() at time zone 'UTC')::date + ${n}::int, 'YYYYMMDD') as day`,
      ([row]) => row?.day ?? ""
    )
  )
const addDay = (day: string) =>
  TestDatabase.session((sql) =>
    sql.unsafe(`create table dueline.product_events_${day} partition of dueline.product_events
      for values from ('${day}') to ('${day}'::date + 1)`)
  )

const event = (eventId: string): ReportedEvent => ({
  id: ProductEventId.make(Sample.uuid()),
  eventId,
  given: true,
  type: "track",
  name: "Shipped",
  userId: null,
  anonymousId: null,
  occurredAt: Sample.now as never,
  document: "{}"
})
const by = { workspace: "shop", apiKeyId: null, correlationId: "0" as CorrelationId, schemaVersion: "1" }

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("days of product events", (it) => {
  it.effect("the first event of a day that nobody made makes it", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* days, [])
      const { append } = yield* ProductEvents
      const one = event("first")
      assert.isTrue((yield* append({ ...by, tenantId: Sample.tenantId() }, [one])).has(one.id))
      assert.include(yield* days, yield* dayAfter(0))
    })
  )

  it.effect(
    "days to come are made, those past their time dropped, and nothing is done twice",
    () =>
      Effect.gen(function* () {
        const [kept, past] = [yield* dayAfter(-30), yield* dayAfter(-31)]
        yield* Effect.forEach([kept, past, "20200229"], addDay)
        assert.isAtLeast(yield* PostgresProductEvents.keepDays(30), 2)
        const there = yield* days
        const wanted = yield* Effect.forEach([-30, -1, 0, 1, 2, 3, 4, 5, 6, 7], dayAfter)
        assert.deepStrictEqual(there, [...wanted].sort())
        assert.strictEqual(yield* PostgresProductEvents.keepDays(30), 0)
        assert.deepStrictEqual(yield* days, there)
      }),
    { tags: ["ADR-0032.7"] }
  )

  it.effect(
    "an id that came on one of the seven days before is a duplicate, in its tenant alone",
    () =>
      Effect.gen(function* () {
        const { append } = yield* ProductEvents
        yield* PostgresProductEvents.keepDays(30)
        const tenantId = Sample.tenantId()
        yield* Effect.forEach([-7, -8], (n) => Effect.flatMap(dayAfter(n), addDay))
        yield* append({ ...by, tenantId }, [event("known"), event("week"), event("past")])
        for (const [eventId, ago] of [
          ["known", 1],
          ["week", 7],
          ["past", 8]
        ] as const)
          yield* TestDatabase.session(
            (sql) => sql`update dueline.product_events set day = day - ${ago}::int
              where tenant_id = ${tenantId}::uuid and event_id = ${eventId}`
          )
        const [past, other] = [event("past"), event("new")]
        const stored = yield* append({ ...by, tenantId }, [event("known"), event("week"), past, other])
        assert.deepStrictEqual(stored, new Set([past.id, other.id]))
        // One of today among them is looked for otherwise.
        const fresh = [event("fresh"), event("fresh")]
        const then = yield* append({ ...by, tenantId }, [event("week"), event("new"), ...fresh, event("past")])
        assert.deepStrictEqual([then.size, fresh.some(({ id }) => then.has(id))], [1, true])
        const elsewhere = event("known")
        assert.isTrue((yield* append({ ...by, tenantId: Sample.tenantId() }, [elsewhere])).has(elsewhere.id))
      }),
    { tags: ["ADR-0032.7"] }
  )

  it.effect("what breaks a group for a reason of its own takes nobody else's events with it", () =>
    Effect.gen(function* () {
      const { append } = yield* ProductEvents
      const good = Array.from({ length: 8 }, (_, n) => event(`good-${n}`))
      const bad = { ...event("bad"), document: "not JSON" }
      const exits = yield* Effect.forEach(
        [...good.slice(0, 4), bad, ...good.slice(4)],
        (one) => Effect.exit(append({ ...by, tenantId: Sample.tenantId() }, [one])),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        exits.map(({ _tag }) => _tag),
        exits.map((_, n) => (n === 4 ? "Failure" : "Success"))
      )
    })
  )
})
