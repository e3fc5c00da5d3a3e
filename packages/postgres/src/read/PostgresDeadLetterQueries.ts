/** What the edge reads of dead letters, under row-level security, at a cost per page that does not grow with the table. */
import { isStorableText } from "@dueline/contracts/api/Wire"
import {
  DeadLetterQueries,
  type LetterDetail,
  type LetterFilter,
  type LetterMark,
  type LetterPage,
  type LetterSummary
} from "@dueline/contracts/ports/DeadLetters"
import { Effect, Layer } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { Database } from "../Database.ts"
import { reading } from "../SqlFailure.ts"

/** Letters that one filtered page looks at. */
export const scanBudget = 2_000

const fromTheTop: LetterMark = { diedAt: Number.MAX_SAFE_INTEGER, id: "ffffffff-ffff-ffff-ffff-ffffffffffff" }

const statement = `select letters, walked, reached from dueline.list_dead_letters($1::uuid, $2::float8::bigint, $3::uuid, $4::text, $5::text,
  $6::text, $7::text, $8::float8::bigint, $9::float8::bigint, $10::int4, $11::int4)`

interface Listed {
  readonly letters: ReadonlyArray<LetterSummary>
  readonly walked: number
  readonly reached: LetterMark | null
}

/** One more than asked for was looked up, to know whether there is a next page. */
const pageOf = ({ letters: found, reached, walked }: Listed, limit: number, budget: number): LetterPage => {
  const letters = found.slice(0, limit)
  const last = letters.at(-1)
  if (found.length > limit && last !== undefined) return { letters, next: { diedAt: last.diedAt, id: last.id } }
  return { letters, next: walked === budget ? reached : null }
}

/** The database would not take the question, and nothing that it holds could be the answer. */
const matchesNothing = ({ group, reason, topic }: LetterFilter): boolean =>
  [group, reason, topic].some((text) => text !== null && !isStorableText(text))

const isNarrow = (filter: LetterFilter): boolean => Object.values(filter).some((value) => value !== null)

type Queries = DeadLetterQueries["Service"]

const list =
  (sql: SqlClient): Queries["list"] =>
  ({ after, filter, limit, tenantId }) => {
    if (matchesNothing(filter)) return Effect.succeed({ letters: [], next: null })
    const { diedAt, id } = after ?? fromTheTop
    const { from, group, reason, state, to, topic } = filter
    const budget = isNarrow(filter) ? Math.max(scanBudget, limit + 1) : limit + 1
    return sql
      .unsafe<Listed>(statement, [tenantId, diedAt, id, state, topic, group, reason, from, to, budget, limit + 1])
      .pipe(
        Effect.map(
          ([page]): LetterPage => (page === undefined ? { letters: [], next: null } : pageOf(page, limit, budget))
        ),
        reading("list dead letters")
      )
  }

const find =
  (sql: SqlClient): Queries["find"] =>
  (tenantId, id) =>
    sql
      .unsafe<{ readonly letter: LetterDetail | null }>(
        "select dueline.find_dead_letter($1::uuid, $2::uuid) as letter",
        [tenantId, id]
      )
      .pipe(
        Effect.map(([row]) => row?.letter ?? null),
        reading("find a dead letter")
      )

export const layer: Layer.Layer<DeadLetterQueries, never, Database> = Layer.effect(
  DeadLetterQueries,
  Effect.map(Database, ({ edge }) => DeadLetterQueries.of({ list: list(edge), find: find(edge) }))
)
