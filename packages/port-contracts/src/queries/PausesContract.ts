/** What all Pauses do. They read what is committed, so they want the Persistence that writes it. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { PauseRow } from "@dueline/contracts/pause/Pause"
import { Pauses } from "@dueline/contracts/ports/Pauses"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "../Harness.ts"
import * as Sample from "../Sample.ts"
import { pauseRow } from "./OpsListProbe.ts"
import * as OpsSample from "./OpsSample.ts"

/** Long ago, so that they stand before all others of a shared database. */
const at = (n: number) => (1_000 + n) as EpochMillis

const resumed = (n: number, releasePerSecond: number | null, createdAt: number): PauseRow =>
  pauseRow(Sample.tenantId(), {
    status: "Resumed",
    resumedAt: at(n),
    resumedBy: "operator",
    releasePerSecond,
    createdAt: at(createdAt)
  })

export const suite = (name: string, harness: Harness<Pauses | Persistence>): void =>
  judge("Pauses", name, harness, (it) => {
    it.effect("those that hold are told of all tenants, oldest first, and no more than are asked for", () =>
      Effect.gen(function* () {
        const rows = [3, 1, 2].map((n) => pauseRow(Sample.tenantId(), { createdAt: at(n), of: "tag", key: `k-${n}` }))
        yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
        const { inForce } = yield* Pauses
        const told = yield* inForce({ resumedAfter: at(0), limit: 2 })
        assert.deepStrictEqual(
          told,
          rows
            .toSorted((a, b) => a.createdAt - b.createdAt)
            .slice(0, 2)
            .map(({ key, of, pauseId, tenantId }) => ({ tenantId, pauseId, of, key, release: null }))
        )
      })
    )

    it.effect("of those that were resumed only the ones that release at a rate are told, and not for ever", () =>
      Effect.gen(function* () {
        const [slow, atOnce, old] = [resumed(60, 5, -20), resumed(60, null, -19), resumed(50, 5, -18)]
        yield* (yield* Persistence).commit([slow, atOnce, old].map((row) => OpsSample.commit(row)))
        const own = new Set([slow, atOnce, old].map(({ pauseId }) => pauseId))
        const told = yield* (yield* Pauses).inForce({ resumedAfter: at(50), limit: 10_000 })
        assert.deepStrictEqual(
          told.filter(({ pauseId }) => own.has(pauseId)),
          [
            {
              tenantId: slow.tenantId,
              pauseId: slow.pauseId,
              of: "target",
              key: "example.com",
              release: { at: at(60), perSecond: 5 }
            }
          ]
        )
      })
    )
  })
