/** What OpsQueries do with the rows of every kind: find one, and list many. */
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { OpsQueries, type RowMark, type RowPage } from "@dueline/contracts/ports/Queries"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import {
  fieldsOf,
  kinds,
  type IdOf,
  type OpsCategory,
  opsCategories,
  rowId,
  type RowOf
} from "@dueline/contracts/kinds"
import { everything, satisfies, type Specification } from "@dueline/contracts/specification/Specification"
import { assert, type Vitest } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as OpsSample from "./OpsSample.ts"
import { ids, type ListProbe } from "./OpsListProbe.ts"
import { propertyRunsTimes } from "../propertyRuns.ts"
import * as Sample from "../Sample.ts"
import { fittingPredicates, specificationsOf, texts } from "./SpecificationSample.ts"

type It = Vitest.MethodsNonLive<OpsQueries | Persistence>

const at = (offset: number) => ({ createdAt: EpochMillis.make(Sample.now + offset) })

/** Rows as new streams, however many versions they have. */
const add = Effect.fnUntraced(function* (rows: ReadonlyArray<OpsSample.OpsRow>) {
  const commits = rows.map((row) => {
    const events = Array.from({ length: row.version }, () => Sample.event())
    return OpsSample.commit(row, { expectedVersion: 0, events })
  })
  if (commits.length > 0) yield* (yield* Persistence).commit(commits)
})

const newestFirst = (a: OpsSample.OpsRow, b: OpsSample.OpsRow): number =>
  b.createdAt - a.createdAt || (rowId(a) < rowId(b) ? 1 : -1)

type Row = RowOf<OpsCategory>

const asking = (kind: OpsCategory) => {
  const page = (tenantId: TenantId, limit: number, after: RowMark | null, filter: Specification = everything) =>
    Effect.flatMap(OpsQueries, (queries) => queries.list(kind, { tenantId, filter, after, limit }))
  /** All pages one after the other. A list that does not end, or a page above the limit, fails the test. */
  const walk = Effect.fnUntraced(function* (tenantId: TenantId, limit = 50, filter: Specification = everything) {
    const rows: Array<Row> = []
    let after: RowMark | null = null
    for (let pages = 0; pages < 1_000; pages += 1) {
      const { next, rows: more }: RowPage<Row> = yield* page(tenantId, limit, after, filter)
      assert.isAtMost(more.length, limit)
      rows.push(...more)
      if (next === null) return rows
      after = next
    }
    return assert.fail("the list does not end")
  })
  return { page, walk }
}

const someTexts = Schema.Union([texts, Schema.Literals([...ids, "0000", "-7000-8", "SN"])])

/** How rows of a kind are judged in memory, by the fields that it declares. */
const judgedBy = (kind: OpsCategory) => {
  const fields = fieldsOf<OpsCategory>(kind)
  return {
    specifications: specificationsOf(fittingPredicates(fields, someTexts)),
    satisfies: (specification: Specification, row: Row) => satisfies(fields, specification, row),
    /** What asks for every field as this row has it. */
    likenessOf: (row: Row): Specification => ({
      _tag: "And",
      all: Object.entries(fields).map(([field, { read }]) => {
        const value = read(row)
        return value === null ? { _tag: "Missing", field } : { _tag: "Equals", field, value }
      })
    })
  }
}

export const lists = (it: It, { drawn, kind, row, rowOf }: ListProbe<OpsCategory>): void => {
  const name = kinds[kind].plural
  const { page, walk } = asking(kind)
  const judged = judgedBy(kind)
  const tags = ["ADR-0016.6"]

  it.effect(`one of the ${name} is found whole by its tenant, by no other tenant, and as no other kind`, () =>
    Effect.gen(function* () {
      const one = row(Sample.tenantId(), {})
      const id = rowId(one) as IdOf<OpsCategory>
      const { find } = yield* OpsQueries
      assert.isNull(yield* find(kind, one.tenantId, id))
      yield* add([one])
      assert.deepStrictEqual(yield* find(kind, one.tenantId, id), one)
      assert.isNull(yield* find(kind, Sample.tenantId(), id))
      for (const other of opsCategories) if (other !== kind) assert.isNull(yield* find(other, one.tenantId, id))
    })
  )

  it.effect(`${name} come newest first, whole, and of this tenant only`, () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      const rows = [row(tenant, at(-5)), row(Sample.tenantId(), at(-4)), row(tenant, at(0))]
      yield* add(rows)
      assert.deepStrictEqual<ReadonlyArray<Row>>(yield* walk(tenant), [rows[2], rows[0]] as ReadonlyArray<Row>)
      assert.deepStrictEqual(yield* page(Sample.tenantId(), 10, null), { rows: [], next: null })
    })
  )

  it.effect(`a page that ends with the last of the ${name} has no next`, () =>
    Effect.gen(function* () {
      const tenant = Sample.tenantId()
      yield* add([row(tenant, {}), row(tenant, {}), row(tenant, {}), row(tenant, {})])
      const { next } = yield* page(tenant, 2, null)
      assert.isNotNull(next)
      assert.isNull((yield* page(tenant, 2, next)).next)
    })
  )

  it.effect.prop(
    `pages of ${name} of any size hold each once, in order, whatever is added between them`,
    {
      offsets: Schema.Array(Schema.Literals([0, 1, 2])).check(Schema.isMaxLength(8)),
      limit: Schema.Literals([1, 2, 3, 5]),
      added: Schema.Literals([-1, 1, 3])
    },
    Effect.fnUntraced(function* ({ added, limit, offsets }) {
      const tenant = Sample.tenantId()
      const rows = offsets.map((offset) => row(tenant, at(offset)))
      yield* add(rows)
      const seen: Array<Row> = []
      let after: RowMark | null = null
      do {
        const { next, rows: more }: RowPage<Row> = yield* page(tenant, limit, after)
        seen.push(...more)
        after = next
        // Ids grow, so at a moment that is still to come it may show, and at one that is past it must not.
        if (after !== null) yield* add([row(tenant, at(added))])
      } while (after !== null && seen.length < 100)
      const ids = new Set(rows.map(rowId))
      assert.deepStrictEqual(
        seen.filter((one) => ids.has(rowId(one))),
        rows.toSorted(newestFirst)
      )
      assert.strictEqual(new Set(seen.map(rowId)).size, seen.length)
      if (added === 3) assert.strictEqual(seen.length, rows.length)
    }),
    { arbitrary: propertyRunsTimes(0.2), timeout: 60_000, tags }
  )

  it.effect.prop(
    `a filter finds the ${name} that satisfy it, in order`,
    {
      drawn: Schema.Array(drawn).check(Schema.isMaxLength(12)),
      filter: judged.specifications,
      limit: Schema.Literals([1, 3, 20])
    },
    Effect.fnUntraced(function* ({ drawn, filter, limit }) {
      const tenant = Sample.tenantId()
      const rows = drawn.map((one, n) => rowOf(tenant, one as never, n))
      yield* add(rows)
      const expected = rows.filter((one) => judged.satisfies(filter, one)).sort(newestFirst)
      assert.deepStrictEqual(yield* walk(tenant, limit, filter), expected)
      const others: Specification = { _tag: "Not", not: filter }
      assert.lengthOf(yield* walk(tenant, limit, others), rows.length - expected.length)
    }),
    { arbitrary: propertyRunsTimes(0.5), timeout: 60_000, tags: ["ADR-0016.1"] }
  )

  it.effect.prop(
    `one of the ${name} is found by all of its fields at once`,
    { drawn: Schema.NonEmptyArray(drawn).check(Schema.isMaxLength(4)) },
    Effect.fnUntraced(function* ({ drawn }) {
      const tenant = Sample.tenantId()
      const rows = drawn.map((one, n) => rowOf(tenant, one as never, n))
      yield* add(rows)
      for (const one of rows) {
        const filter = judged.likenessOf(one)
        assert.deepStrictEqual(
          yield* walk(tenant, 10, filter),
          rows.filter((other) => judged.satisfies(filter, other)).sort(newestFirst)
        )
        assert.isTrue(judged.satisfies(filter, one))
      }
    }),
    { arbitrary: propertyRunsTimes(0.3), timeout: 60_000, tags: ["ADR-0016.1"] }
  )

  it.effect(
    `one that matches is found behind 300 ${name} that do not, in however many pages`,
    () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const rare = row(tenant, at(-1))
        yield* add([rare])
        yield* add(Array.from({ length: 300 }, () => row(tenant, at(0))))
        const filter: Specification = { _tag: "Below", field: "createdAt", value: Sample.now }
        assert.deepStrictEqual(yield* walk(tenant, 10, filter), [rare])
        assert.lengthOf(yield* walk(tenant, 70, { _tag: "Not", not: filter }), 300)
      }),
    { tags }
  )
}
