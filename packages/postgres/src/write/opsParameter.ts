/**
 * What a batch has for aggregates whose rows are documents, for sealed attachments and snapshots, and what it requires of others: the JSON text
 * that `dueline.commit_ops` takes. Documents travel as JSON text inside it, since they may hold what `jsonb` cannot, such as U+0000.
 */
import { categories, categoryOfRow, kinds, type ReadModelRow, rowId, rulesOf } from "@dueline/contracts/kinds"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { Rules, Test } from "@dueline/contracts/Rules"
import type { Requirement } from "@dueline/contracts/StoreRule"
import { columnOf, isDocument } from "../schema/rowTables.ts"

type Part = Readonly<Record<string, unknown>>

interface Key {
  readonly k: string
  readonly t: string
  readonly i: string
}

/** Throws for a row that no kind has: its event would be stored and itself not. */
const rows = (commits: ReadonlyArray<Commit>): ReadonlyArray<Part> =>
  commits.flatMap(({ expectedVersion, row, tenantId }) => {
    if (row === null) return []
    const k = categoryOfRow(row)
    return isDocument(k) ? [{ k, t: tenantId, i: rowId(row), n: expectedVersion === 0, r: JSON.stringify(row) }] : []
  })

/** Two parts of what a vault sealed: the key, and what it locks. */
const attached = (commit: Commit): ReadonlyArray<Part> => {
  const { category, sealed, streamId, tenantId } = commit
  if (sealed._tag !== "set" || !isDocument(commit.category)) return []
  if (!sealed.value.includes("."))
    throw new Error(`an attachment of a ${category} is two texts with a dot between them`)
  return [{ t: tenantId, i: streamId, s: sealed.value }]
}

const snapshots = ({ snapshot, streamId, tenantId }: Commit): ReadonlyArray<Part> =>
  snapshot === null
    ? []
    : [{ t: tenantId, i: streamId, v: snapshot.version, f: snapshot.form, s: JSON.stringify(snapshot.state) }]

const byId = new Map(categories.map((category) => [kinds[category].id as string, category]))

/**
 * The rows of other aggregates by which rows of one kind are kept apart: a commit holds them, so that two commits which the constraint would
 * have wait for each other in a circle come one after the other.
 */
const held = (row: ReadModelRow | null): ReadonlyArray<Key> => {
  if (row === null) return []
  const kind = categoryOfRow(row)
  if (!isDocument(kind)) return []
  const { apart }: Rules = rulesOf(kind)
  return apart.flatMap(({ alike }) =>
    alike.flatMap((field) => {
      const of = byId.get(field)
      const i = (row as unknown as Readonly<Record<string, unknown>>)[field]
      return of === undefined || typeof i !== "string" ? [] : [{ k: of, t: row.tenantId, i }]
    })
  )
}

/** A field's column and the values that are or are not in it. */
const test = (of: Test): Part => ({ c: columnOf(of.field), ...("is" in of ? { is: of.is } : { isNot: of.isNot }) })

interface Required {
  readonly is?: Part
  readonly none?: Part
  readonly hold?: Key
}

const required = (t: string, requirement: Requirement): Required => {
  const { kind: k } = requirement
  if (requirement._tag === "RowIs") {
    const { hold: h, id: i, missing, unless } = requirement
    return { is: { k, t, i, h, missing, unless: unless.map((each) => ({ ...test(each), rule: each.rule })) } }
  }
  const { hold, rule, when } = requirement
  const where = Object.entries(requirement.where).map(([field, value]) => test({ field, is: [value] }))
  return { none: { k, t, w: [...where, ...when.map(test)], rule }, hold: { k: hold.kind, t, i: hold.id } }
}

/** Null when the batch has nothing of the kind, as most batches of service calls. */
export const opsParameter = (batch: ReadonlyArray<Commit>): string | null => {
  const concerned = batch.filter(
    (commit) => isDocument(commit.category) || commit.snapshot !== null || commit.requires.length > 0
  )
  if (concerned.length === 0) return null
  const requirements = concerned.flatMap(({ requires, tenantId }) => requires.map((each) => required(tenantId, each)))
  const forgotten = concerned.filter((commit) => commit.sealed._tag === "erase" && isDocument(commit.category))
  const parts: Readonly<Record<string, ReadonlyArray<unknown>>> = {
    rows: rows(concerned),
    attached: concerned.flatMap(attached),
    forgotten: forgotten.map(({ streamId, tenantId }) => ({ t: tenantId, i: streamId })),
    snapshots: concerned.flatMap(snapshots),
    hold: [...concerned.flatMap(({ row }) => held(row)), ...requirements.flatMap(({ hold }) => hold ?? [])],
    is: requirements.flatMap(({ is }) => is ?? []),
    none: requirements.flatMap(({ none }) => none ?? [])
  }
  const filled = Object.entries(parts).filter(([, part]) => part.length > 0)
  return filled.length === 0 ? null : JSON.stringify(Object.fromEntries(filled))
}
