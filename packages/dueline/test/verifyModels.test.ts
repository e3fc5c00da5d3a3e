/** Damage of every kind, done by somebody who may do anything to the database, and what `verify` says of it. */
import { StreamId } from "@dueline/contracts/Ids"
import { ReadModels } from "@dueline/postgres/admin/ReadModels"
import { verify } from "@dueline/postgres/admin/verify"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { begin } from "../src/projections/foldLog.ts"
import { inspect } from "../src/projections/differences.ts"
import { verifyModels } from "../src/projections/verifyModels.ts"
import { FieldLife } from "./FieldLife.ts"
import { ask, damage, stage } from "./ModelStage.ts"

/** Some stream of the life that has a row which meets the condition. */
const some = Effect.fnUntraced(function* (life: FieldLife, table: string, id: string, condition = "true") {
  const [row] = yield* ask<{ readonly id: string }>(
    `select ${id} as id from dueline.${table} where tenant_id = '${life.tenantId}' and ${condition} order by 1 limit 1`
  )
  return row?.id ?? assert.fail(`the life has no such ${table}`)
})

/** A member of a document. */
const member = (name: string, value: string) => `row = jsonb_set(row::jsonb, '{${name}}', ${value})::json`

const tables = [
  ["customer_rows", "id", member("version", "to_jsonb(version + 1)"), /version is \d+, by the log \d+/u],
  ["customer_rows", "id", member("status", `'"Gone"'`), /status is "Gone", by the log "(?:Active|Erased)"/u],
  [
    "bin_rows",
    "id",
    member("capacityLitres", "to_jsonb(capacity_litres + 1)"),
    /capacityLitres is \d+, by the log \d+/u
  ],
  ["bin_rows", "id", member("location", `'{"lat": 1, "lon": 2}'`), /location is \{"lat":1,"lon":2\}, by the log /u],
  ["order_rows", "id", member("items", "'[]'"), /items is \[\], by the log \[\{/u],
  ["order_rows", "id", member("window,to", "to_jsonb(window_to + 1)"), /window is .*, by the log /u],
  ["service_calls", "call_id", "url = 'https://x.example'", /request is .*, by the log /u],
  ["service_calls", "call_id", "tags = '{}'", /tags is \[\], by the log \["a","b:c"\]/u],
  ["service_calls", "call_id", "retry_policy = '{}'", /retry is \{\}, by the log /u]
] as const

const findingsOf = Effect.map(verifyModels(), ({ findings }) => findings)

let number = 0

it.layer(stage, { excludeTestServices: true, timeout: "120 seconds" })("verify", (it) => {
  it.effect("a life that nobody disturbed is found as its events tell it, also while it goes on", () =>
    Effect.gen(function* () {
      const life = new FieldLife(++number, 11, 10)
      yield* life.live(600)
      yield* life.liveLong(500, 270)
      const [{ findings, rows, snapshots }] = yield* Effect.all([verifyModels(), life.live(300)], { concurrency: 2 })
      assert.deepStrictEqual(findings, [])
      assert.isAbove(rows, 30)
      assert.isAbove(snapshots, 0)
      assert.deepStrictEqual(
        (yield* verify).findings.filter(({ check }) => check !== "row"),
        []
      )
    })
  )

  it.effect("a row is held against its stream as that is by then, however little of it had been read before", () =>
    Effect.gen(function* () {
      const life = new FieldLife(++number, 17, 1)
      yield* life.liveLong(1, 3)
      const stream = begin("bin", { tenantId: life.tenantId, streamId: StreamId.make(life.bin(1)) })
      const [found] = yield* inspect("bin", [stream])
      assert.deepStrictEqual([found?.differences, found?.sight.version, found?.logged?.version], [[], 4, 4])
    })
  )

  it.effect.each(tables)(
    "a field of %s is changed",
    ([table, id, change, says]) =>
      Effect.gen(function* () {
        const life = new FieldLife(++number, 12, 6)
        yield* life.live(300)
        const window = change.includes("{window") ? "window_to is not null" : "true"
        const victim = yield* some(life, table, id, window)
        const before = yield* ask(
          `select * from dueline.${table} where tenant_id = '${life.tenantId}' and ${id} = '${victim}'`
        )
        const own = `update dueline.${table} set ${change} where tenant_id = '${life.tenantId}' and ${id} = '${victim}'`
        yield* damage(own)
        const found = (yield* findingsOf).filter(({ tenantId }) => tenantId === life.tenantId)
        assert.deepStrictEqual(
          found.map(({ check, streamId }) => `${check} ${streamId}`),
          [`row ${victim}`]
        )
        assert.match(found[0]?.detail ?? "", says)
        assert.lengthOf(before, 1)
      }),
    { tags: ["ADR-0018.5"] }
  )

  it.effect(
    "rows that are missing, and rows that nothing speaks of, in every read model",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(++number, 13, 6)
        yield* life.live(300)
        const expected: Array<string> = []
        for (const [table, id, named] of [
          ["customer_rows", "id", "customerId"],
          ["bin_rows", "id", "binId"],
          ["order_rows", "id", "orderId"],
          ["service_calls", "call_id", null]
        ] as const) {
          const victim = yield* some(life, table, id)
          const forged = victim.replace(/^0{8}/u, "ffffffff")
          // The row goes to an id that no stream has: one row is missing, and one is too many.
          yield* damage(
            `update dueline.${table} set ${named === null ? `${id} = '${forged}'` : member(named, `'"${forged}"'`)} where tenant_id = '${life.tenantId}' and ${id} = '${victim}'`
          )
          expected.push(`${victim} the row is missing`, `${forged} there are no events of this row`)
        }
        const found = (yield* findingsOf).filter(({ tenantId }) => tenantId === life.tenantId)
        assert.sameMembers(
          found.map(({ detail, streamId }) => `${streamId} ${detail}`),
          expected
        )
      }),
    { tags: ["ADR-0018.5"] }
  )

  it.effect(
    "a snapshot with another state, with a command it never had, and of a version that is yet to come",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(++number, 14, 1)
        for (const n of [1, 2, 3, 4]) yield* life.liveLong(n, 140)
        const of = (n: number) => `where tenant_id = '${life.tenantId}' and stream_id = '${life.bin(n)}'`
        yield* damage(
          `update dueline.snapshots set state = jsonb_set(state::jsonb, '{state,bin,status}', '"Retired"')::json ${of(1)}`,
          `update dueline.snapshots set state = jsonb_set(state::jsonb, '{recent,0,commandId}', '"x"')::json ${of(2)}`,
          `update dueline.snapshots set version = 9999 ${of(3)}`,
          `update dueline.snapshots set form = 0, state = '{}' ${of(4)}`
        )
        const found = (yield* findingsOf).filter(({ tenantId }) => tenantId === life.tenantId)
        assert.deepStrictEqual(
          found.map(({ check, streamId }) => `${check} ${streamId}`),
          [1, 2, 3].map((n) => `snapshot ${life.bin(n)}`)
        )
      }),
    { tags: ["ADR-0018.5"] }
  )

  it.effect(
    "an event that cannot be read, one that is gone, and one that says something else",
    () =>
      Effect.gen(function* () {
        const life = new FieldLife(++number, 15, 1)
        for (const n of [1, 2, 3]) yield* life.liveLong(n, 4)
        const of = (n: number) => `where tenant_id = '${life.tenantId}' and stream_id = '${life.bin(n)}'`
        yield* damage(
          `update dueline.events set event_version = 99 ${of(1)} and version = 2`,
          `delete from dueline.events ${of(2)} and version = 3`,
          `update dueline.events set payload = jsonb_set(payload::jsonb, '{capacityLitres}', '77')::json ${of(3)} and version = 5`
        )
        const own = ({ tenantId }: { readonly tenantId: string }) => tenantId === life.tenantId
        const models = (yield* findingsOf).filter(own)
        const log = (yield* verify).findings.filter(own).filter(({ check }) => check !== "row")
        assert.deepStrictEqual(
          [...log, ...models].map(({ check, streamId }) => `${check} ${streamId}`),
          [`versions ${life.bin(2)}`, `event ${life.bin(1)}`, `row ${life.bin(3)}`]
        )
      }),
    { tags: ["ADR-0018.5"] }
  )

  it.effect(
    "orders that hold one bin at the same time, and none that only touch",
    () =>
      Effect.gen(function* () {
        const tenantId = new FieldLife(++number, 16, 1).tenantId
        const order = (n: number) => `0000000${n}-0000-4000-8000-000000000000`
        const held = (n: number, from: number, to: number, status: string, bin = 1) =>
          `insert into dueline.order_rows (row) values (json_build_object(
              '_tag', 'OrderRow', 'tenantId', '${tenantId}', 'orderId', '${order(n)}', 'version', 1, 'customerId', '${order(9)}',
              'binId', '${order(bin)}', 'kind', 'swap', 'status', '${status}', 'window', json_build_object('from', ${from}, 'to', ${to}),
              'items', '[]'::json, 'notifications', '[]'::json, 'createdAt', 1, 'updatedAt', 1, 'endedAt', null, 'correlationId', 'x'))`
        yield* damage(
          "alter table dueline.order_rows drop constraint window_taken",
          held(1, 10, 100, "Scheduled"),
          held(2, 20, 30, "Cancelled"),
          held(3, 40, 50, "Confirmed"),
          held(4, 60, 70, "Scheduled"),
          held(5, 100, 110, "Scheduled"),
          held(6, 10, 100, "Scheduled", 2)
        )
        const overlaps = yield* (yield* ReadModels).overlaps
        assert.deepStrictEqual(
          overlaps.map(({ other, streamId }) => `${streamId} ${other}`),
          [`${order(3)} ${order(1)}`, `${order(4)} ${order(1)}`]
        )
        const windows = (yield* findingsOf).filter(({ check }) => check === "window")
        assert.deepStrictEqual(
          windows.map(({ streamId }) => streamId),
          [order(3), order(4)]
        )
      }),
    { tags: ["ADR-0018.5"] }
  )
})
