/** What all DueSchedules, DueIngestions and ChangedOrders do. They read what is committed, so they want the Persistence that writes it. */
import { EpochMillis, OrderId, type TenantId } from "@dueline/contracts/Ids"
import type { IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { ChangedOrders, DueIngestions, DueSchedules } from "@dueline/contracts/ports/DueWork"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import * as Sample from "./Sample.ts"
import { probes, scheduleRow } from "./queries/OpsListProbe.ts"
import * as OpsSample from "./queries/OpsSample.ts"

/** Long ago, so that nothing else in a shared database is due before. */
const at = (n: number) => (1_000 + n) as EpochMillis
const waking = (wakeAt: number | null, changes: Partial<ScheduleRow> = {}) =>
  scheduleRow(Sample.tenantId(), { wakeAt: wakeAt === null ? null : at(wakeAt), ...changes })

export const dueSchedules = (name: string, harness: Harness<DueSchedules | Persistence>): void =>
  judge("DueSchedules", name, harness, (it) => {
    it.effect(
      "those whose time has come are read in its order, of all tenants, page by page, without what they send",
      () =>
        Effect.gen(function* () {
          const rows = [waking(3), waking(1), waking(2), waking(2), waking(9), waking(null)]
          yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
          const { due } = yield* DueSchedules
          const first = yield* due({ before: at(3), after: null, limit: 2 })
          const last = first.at(-1) ?? assert.fail("nothing is due")
          const rest = yield* due({ before: at(3), after: last, limit: 10 })
          const expected = rows
            .filter(({ wakeAt }) => wakeAt !== null && wakeAt <= at(3))
            .sort((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0) || (a.scheduleId < b.scheduleId ? -1 : 1))
            .map(({ call: _request, pausedReason: _freeText, ...told }) => told)
          assert.deepStrictEqual<unknown>([...first, ...rest], expected)
        })
    )

    it.effect("one that has moved on is read at its new time, and one that needs nothing not at all", () =>
      Effect.gen(function* () {
        const [moved, paused] = [waking(100), waking(101)]
        const { commit } = yield* Persistence
        yield* commit([OpsSample.commit(moved), OpsSample.commit(paused)])
        yield* commit([
          OpsSample.commit({ ...moved, version: 2, wakeAt: at(200) }),
          OpsSample.commit({ ...paused, version: 2, wakeAt: null })
        ])
        const { due } = yield* DueSchedules
        const ids = (before: number) =>
          Effect.map(
            due({ before: at(before), after: { wakeAt: at(50), scheduleId: moved.scheduleId }, limit: 10 }),
            (rows) => rows.map(({ scheduleId }) => scheduleId)
          )
        assert.deepStrictEqual(yield* ids(199), [])
        assert.deepStrictEqual(yield* ids(200), [moved.scheduleId])
      })
    )

    it.effect("those of older zone data are read page by page, and no others", () =>
      Effect.gen(function* () {
        const of = (zoneData: string, wakeAt: number | null = 300) => waking(wakeAt, { zoneData })
        const rows = [of("1999b"), of("1999a"), of("1999a"), of("1999c"), of("1999a", null)]
        yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
        const { ofOlderZoneData } = yield* DueSchedules
        const first = yield* ofOlderZoneData({ zoneData: "1999c", after: null, limit: 2 })
        const rest = yield* ofOlderZoneData({ zoneData: "1999c", after: first.at(-1) ?? null, limit: 10 })
        assert.deepStrictEqual(
          [...first, ...rest].map(({ scheduleId }) => scheduleId),
          rows
            .filter((row) => row.zoneData < "1999c" && row.wakeAt !== null)
            .sort((a, b) => (a.zoneData + a.scheduleId < b.zoneData + b.scheduleId ? -1 : 1))
            .map(({ scheduleId }) => scheduleId)
        )
      })
    )
  })

/** What all DueIngestions do. They read what is committed, so they want the Persistence that writes it. */
const digest = `sha-256=:${"A".repeat(43)}=:`
const payload = (tenantId: TenantId, dueAt: number | null, uri: string | null = null): IngestionRow => ({
  ...probes.ingestion.row(tenantId, {}),
  courierSourceId: null,
  dropbin: {
    reference: uri === null ? null : { uri, digest },
    orderId: null,
    failure: null,
    dueAt: dueAt === null ? null : EpochMillis.make(dueAt)
  }
})

/** Long before what other sentences leave behind in the same store. */
const early = 1_000_000

export const dueIngestions = (name: string, harness: Harness<DueIngestions | Persistence>): void =>
  judge("DueIngestions", name, harness, (it) => {
    it.effect(
      "payloads are found once their time has come, earliest first, of every tenant; events and what has ended are not",
      () =>
        Effect.gen(function* () {
          const [a, b] = [Sample.tenantId(), Sample.tenantId()]
          const rows = [
            payload(a, early + 20, "https://Files.example.com:8443/orders/7?[redacted]"),
            payload(b, early + 10),
            payload(a, early + 31),
            payload(a, null),
            probes.ingestion.row(a, {})
          ]
          yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
          const found = yield* (yield* DueIngestions).due({ before: early + 30, each: 10, limit: 10 })
          const expected = [
            { tenantId: b, ingestionId: rows[1]?.ingestionId, target: "" },
            { tenantId: a, ingestionId: rows[0]?.ingestionId, target: "files.example.com:8443" }
          ]
          const ours = found.filter(({ tenantId }) => tenantId === a || tenantId === b)
          assert.deepStrictEqual<ReadonlyArray<unknown>>(ours, expected)
        })
    )

    it.effect(
      "couriers' events that have not ended are found by the time they came in, earliest first; payloads are not",
      () =>
        Effect.gen(function* () {
          const tenantId = Sample.tenantId()
          const event = (createdAt: number, changes: Partial<IngestionRow> = {}): IngestionRow => ({
            ...probes.ingestion.row(tenantId, {}),
            status: "Received",
            createdAt: EpochMillis.make(createdAt),
            endedAt: null,
            ...changes
          })
          const ended = { status: "Completed", endedAt: EpochMillis.make(early) } as const
          const rows = [
            event(5),
            event(3),
            event(4, ended),
            event(9),
            { ...payload(tenantId, 9 * early), createdAt: EpochMillis.make(2) }
          ]
          yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
          const { unended } = yield* DueIngestions
          const ours = (found: ReadonlyArray<{ readonly tenantId: TenantId; readonly ingestionId: string }>) =>
            found.filter((one) => one.tenantId === tenantId).map(({ ingestionId }) => ingestionId)
          const expected = [rows[1], rows[0]].flatMap((row) => row?.ingestionId ?? [])
          assert.deepStrictEqual<ReadonlyArray<string>>(ours(yield* unended({ before: 8, limit: 100 })), expected)
          assert.lengthOf(yield* unended({ before: 8, limit: 1 }), 1)
        })
    )

    it.effect("one tenant's many do not hide another's", () =>
      Effect.gen(function* () {
        const [a, b] = [Sample.tenantId(), Sample.tenantId()]
        const rows = [1, 2, 3, 4].map((n) => payload(a, n)).concat(payload(b, 5))
        yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
        const { due } = yield* DueIngestions
        const found = yield* due({ before: 5, each: 2, limit: 3 })
        assert.deepStrictEqual(
          found.map(({ ingestionId }) => ingestionId),
          [rows[0], rows[1], rows[4]].flatMap((row) => row?.ingestionId ?? [])
        )
        assert.lengthOf(yield* due({ before: 5, each: 2, limit: 1 }), 1)
      })
    )
  })

/** What all ChangedOrders do. They read what is committed, so they want the Persistence that writes it. */
const nobody = OrderId.make("00000000-0000-0000-0000-000000000000")
/** Long ago, so that nothing else in a shared database changed then. */
const changedAt = (n: number) => EpochMillis.make(5_000 + n)

export const changedOrders = (name: string, harness: Harness<ChangedOrders | Persistence>): void =>
  judge("ChangedOrders", name, harness, (it) => {
    it.effect("those with notifications are read in the order in which they changed, page by page", () =>
      Effect.gen(function* () {
        const { bin, customer } = OpsSample.yard()
        const order = (n: number, changes: Partial<OrderRow> = {}) =>
          OpsSample.order(bin, customer.customerId, {
            updatedAt: changedAt(n),
            status: "Draft",
            window: null,
            ...changes
          })
        const rows = [order(3), order(1), order(2, { notifications: [] }), order(2), order(9)]
        const { commit } = yield* Persistence
        yield* commit([OpsSample.commit(customer), OpsSample.commit(bin)])
        yield* commit(rows.map((row) => OpsSample.commit(row)))
        const { changed } = yield* ChangedOrders
        const first = yield* changed({
          after: { updatedAt: changedAt(0), orderId: nobody },
          before: changedAt(3),
          limit: 2
        })
        const rest = yield* changed({ after: first.at(-1) ?? assert.fail("nothing"), before: changedAt(3), limit: 10 })
        assert.deepStrictEqual(
          [...first, ...rest],
          [rows[1], rows[3], rows[0]].flatMap((row) =>
            row === undefined ? [] : [{ tenantId: row.tenantId, orderId: row.orderId, updatedAt: row.updatedAt }]
          )
        )
      })
    )
  })
