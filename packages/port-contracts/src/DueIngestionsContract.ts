/** What all DueIngestions do. They read what is committed, so they want the Persistence that writes it. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import type { IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import { DueIngestions } from "@dueline/contracts/ports/DueIngestions"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import { probes } from "./queries/OpsListProbe.ts"
import * as OpsSample from "./queries/OpsSample.ts"
import * as Sample from "./Sample.ts"

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

export const suite = (name: string, harness: Harness<DueIngestions | Persistence>): void =>
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
