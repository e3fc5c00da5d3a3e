/** What all JobItems and JobItemQueries do. They read jobs that are committed, so they want the Persistence that writes them. */
import { BulkJobId, type BulkJobRow } from "@dueline/contracts/bulkJob/BulkJob"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { type Chosen, JobItemQueries, JobItems } from "@dueline/contracts/ports/JobItems"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type Harness, judge } from "./Harness.ts"
import * as OpsSample from "./queries/OpsSample.ts"
import { probes } from "./queries/OpsListProbe.ts"
import * as Sample from "./Sample.ts"

const chosen = (n: number): Chosen => ({ id: Sample.uuid(), at: 1_000 - n, version: n })
const ofJob = () => ({ tenantId: Sample.tenantId(), bulkJobId: BulkJobId.make(Sample.uuid()) })

const job = (tenantId: TenantId, at: number, changes: Partial<BulkJobRow>): BulkJobRow => ({
  ...probes["bulk-job"].row(tenantId, { createdAt: (Sample.now + at) as EpochMillis }),
  ...changes
})

export const suite = (name: string, harness: Harness<JobItems | JobItemQueries | Persistence>): void =>
  judge("JobItems", name, harness, (it) => {
    it.effect("a step has the items of its first claim, newest first, whatever is offered later", () =>
      Effect.gen(function* () {
        const items = yield* JobItems
        const of = ofJob()
        const [one, two, three] = [chosen(1), chosen(2), chosen(3)]
        const first = yield* items.claim({ ...of, step: 1, items: [two, one] })
        const open = { step: 1, outcome: null, detail: null }
        assert.deepStrictEqual(first, [
          { ...one, ...open },
          { ...two, ...open }
        ])
        assert.deepStrictEqual(yield* items.claim({ ...of, step: 1, items: [three] }), first)
        assert.deepStrictEqual(yield* items.claim({ ...of, step: 1, items: [] }), first)
        assert.deepStrictEqual(yield* items.claim({ ...of, step: 2, items: [] }), [])
      })
    )

    it.effect("an item is claimed by one step of a job, and by as many jobs as want it", () =>
      Effect.gen(function* () {
        const items = yield* JobItems
        const of = ofJob()
        const [one, two] = [chosen(1), chosen(2)]
        yield* items.claim({ ...of, step: 1, items: [one] })
        const second = yield* items.claim({ ...of, step: 2, items: [one, two] })
        assert.deepStrictEqual(
          second.map(({ id }) => id),
          [two.id]
        )
        assert.lengthOf(yield* items.claim({ ...ofJob(), step: 1, items: [one] }), 1)
        assert.lengthOf(yield* items.claim({ ...of, tenantId: Sample.tenantId(), step: 1, items: [one] }), 1)
      })
    )

    it.effect("the first result of an item counts", () =>
      Effect.gen(function* () {
        const items = yield* JobItems
        const of = ofJob()
        const [one, two] = [chosen(1), chosen(2)]
        yield* items.claim({ ...of, step: 1, items: [one, two] })
        yield* items.settle({ ...of, results: [{ id: one.id, outcome: "skipped", detail: "why \0 not" }] })
        yield* items.settle({
          ...of,
          results: [
            { id: one.id, outcome: "done", detail: null },
            { id: two.id, outcome: "failed", detail: "x".repeat(3_000) },
            { id: Sample.uuid(), outcome: "done", detail: null }
          ]
        })
        yield* items.settle({ ...of, results: [] })
        const claimed = yield* items.claim({ ...of, step: 1, items: [] })
        assert.deepStrictEqual(
          claimed.map(({ detail, outcome }) => [outcome, detail]),
          [
            ["skipped", "why \uFFFD not"],
            ["failed", "x".repeat(2_000)]
          ]
        )
      })
    )

    it.effect("pages list every item of a job once, in the order of steps, and those of one outcome", () =>
      Effect.gen(function* () {
        const items = yield* JobItems
        const queries = yield* JobItemQueries
        const of = ofJob()
        for (const step of [1, 2, 3]) yield* items.claim({ ...of, step, items: [1, 2, 3].map(chosen) })
        const [first] = yield* items.claim({ ...of, step: 2, items: [] })
        yield* items.settle({ ...of, results: [{ id: first?.id ?? "", outcome: "done", detail: null }] })
        for (const [outcome, count] of [
          [null, 9],
          ["pending", 8],
          ["done", 1],
          ["failed", 0]
        ] as const) {
          const seen: Array<readonly [number, string]> = []
          let after = null as Parameters<typeof queries.list>[0]["after"]
          do {
            const page = yield* queries.list({ ...of, outcome, after, limit: 2 })
            seen.push(...page.items.map(({ id, step }) => [step, id] as const))
            after = page.next
          } while (after !== null)
          assert.strictEqual(new Set(seen.map(([, id]) => id)).size, count)
          assert.deepStrictEqual(
            seen.map(([step]) => step),
            seen.map(([step]) => step).sort()
          )
        }
        const other = yield* queries.list({ ...of, tenantId: Sample.tenantId(), outcome: null, after: null, limit: 9 })
        assert.deepStrictEqual(other, { items: [], next: null })
      })
    )

    it.effect("of each tenant the job that is to be aborted is active, else the oldest that runs", () =>
      Effect.gen(function* () {
        const [one, two, three] = [Sample.tenantId(), Sample.tenantId(), Sample.tenantId()]
        const rows = [
          job(one, 0, { status: "Paused" }),
          job(one, 1, { status: "Running" }),
          job(one, 2, { status: "Running" }),
          job(two, 1, { status: "Running" }),
          job(two, 2, { status: "Aborting" }),
          job(three, 0, { status: "Completed" })
        ]
        yield* (yield* Persistence).commit(rows.map((row) => OpsSample.commit(row)))
        const active = yield* (yield* JobItems).active(1_000)
        const mine = active.filter(({ tenantId }) => [one, two, three].includes(tenantId))
        assert.sameDeepMembers(mine, [
          { tenantId: one, bulkJobId: rows[1]?.bulkJobId ?? assert.fail("no row") },
          { tenantId: two, bulkJobId: rows[4]?.bulkJobId ?? assert.fail("no row") }
        ])
        assert.lengthOf(yield* (yield* JobItems).active(1), 1)
      })
    )
  })
