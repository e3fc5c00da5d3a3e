/** What all DueSchedules do. They read what is committed, so they want the Persistence that writes it. */
import { DueSchedules } from "@dueline/contracts/ports/DueSchedules"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { scheduleRow } from "./queries/OpsListProbe.ts"
import * as OpsSample from "./queries/OpsSample.ts"
import * as Sample from "./Sample.ts"

/** Long ago, so that nothing else in a shared database is due before. */
const at = (n: number) => (1_000 + n) as EpochMillis
const waking = (wakeAt: number | null, changes: Partial<ScheduleRow> = {}) =>
  scheduleRow(Sample.tenantId(), { wakeAt: wakeAt === null ? null : at(wakeAt), ...changes })

export const suite = (name: string, harness: Harness<DueSchedules | Persistence>): void =>
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
