/** The audit log page by page where the log is larger than what one page may look at. */
import { TenantId } from "@dueline/contracts/Ids"
import type { AuditMark } from "@dueline/contracts/ports/AuditTrail"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"

const tenantId = TenantId.make("00000000-0000-7000-8000-0000000000aa")
const otherTenant = "00000000-0000-7000-8000-0000000000bb"
const events = 2_560
const ofOne = 10
const budget = 100

/** A transaction and a minute for each event, each tenth of one tenant; every 256 are a tile of the tree. */
const fill = TestDatabase.session((sql) =>
  Effect.gen(function* () {
    yield* sql.unsafe(`do $$ begin
      for i in 1..${events} loop
        insert into dueline.events (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
          values (case when i % ${ofOne} = 0 then '${tenantId}' else '${otherTenant}' end::uuid, gen_random_uuid(), 1, 'bin', gen_random_uuid(), i::text, 1, '{}',
            '{"correlationId":"c","actor":{"kind":"user","id":"a"}}', to_timestamp(i * 60));
        commit;
      end loop;
    end $$`)
    yield* sql.unsafe(`insert into dueline.audit_tiles (tile, hashes, kinds, event_xact, event_position)
      select (n - 1) / 256, '', '', xact, position from (select *, row_number() over (order by xact) as n from dueline.events) e where n % 256 = 0`)
    yield* sql.unsafe(`update dueline.audit_tree set size = ${events}`)
  })
)

interface Page {
  readonly items: ReadonlyArray<{ readonly action: string }>
  readonly next: AuditMark | null
}

const pageAt = (order: "asc" | "desc", after: AuditMark | null, from: number | null) =>
  TestDatabase.session((sql) =>
    sql.unsafe<{ readonly page: Page }>(
      "select dueline.list_audit($1::uuid, $2, $3, $4, null, null, null, null, $5::float8, null, 7, $6, $7::bool) as page",
      [
        tenantId,
        after?.transaction ?? null,
        after?.position ?? null,
        after?.kind ?? null,
        from,
        budget,
        order === "asc"
      ]
    )
  )

const read = Effect.fnUntraced(function* (order: "asc" | "desc", from: number | null = null) {
  const found: Array<number> = []
  let after: AuditMark | null = null
  let pages = 0
  do {
    const [row]: ReadonlyArray<{ readonly page: Page }> = yield* pageAt(order, after, from)
    assert.isDefined(row)
    found.push(...row.page.items.map(({ action }) => Number(action)))
    after = row.page.next
    pages++
  } while (after !== null)
  return { found, pages }
})

it.layer(TestDatabase.layer, { excludeTestServices: true, timeout: "60 seconds" })("pages of the audit log", (it) => {
  it.effect("have each item once, in both directions, also where a page had looked at as much as it may", () =>
    Effect.gen(function* () {
      yield* fill
      const theirs = Array.from({ length: events / ofOne }, (_, n) => (n + 1) * ofOne)
      let oldestFirst = yield* read("asc")
      // Another test's transaction may be open: what is not below it comes with the next look.
      while (oldestFirst.found.length < theirs.length) oldestFirst = yield* read("asc")
      assert.deepStrictEqual(oldestFirst.found, theirs)
      assert.deepStrictEqual((yield* read("desc")).found, theirs.toReversed())

      const last = theirs.slice(-20)
      const late = yield* read("asc", (last[0] ?? 0) * 60_000)
      assert.deepStrictEqual(late.found, last)
      // The whole log is 26 pages of so many rows: it begins near what was asked for.
      assert.isAtMost(late.pages, 8)
    })
  )
})
