/**
 * How customers, bins and orders are read over HTTP, straight from the store: one, as it is or as it was, under its version; and lists, page
 * by page, under a filter. A kind gives what differs: how a row is shown, and which query parameters stand for conditions.
 */
import { Principal } from "@dueline/contracts/api/Access"
import type { paged } from "@dueline/contracts/api/conventions"
import type { CodeOf } from "@dueline/contracts/api/Problem"
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { etagOf, parseAsOf } from "@dueline/contracts/api/Wire"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import { fieldsOf, type IdOf, kinds, type OpsCategory, rowId, type RowOf } from "@dueline/contracts/kinds"
import { OpsQueries, type RowMark } from "@dueline/contracts/ports/Queries"
import { TimeTravel } from "@dueline/contracts/ports/History"
import { type FilterProblem, parseFilter } from "@dueline/contracts/specification/parseFilter"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { Effect, Result, type Schema } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { makeAttributes, type Touched } from "../access/attributes.ts"
import { defaultLimit, makePaging, rowMark } from "./paging.ts"
import { isKnown, unchanged } from "./preconditions.ts"
import { notFound, reject, storeUnavailable } from "../requests/refusal.ts"

type ListQuery = Schema.Struct.Type<typeof paged>

interface SentTo<K extends OpsCategory> {
  readonly params: { readonly id: IdOf<K> }
  readonly query: { readonly asOf?: string }
  readonly headers: { readonly "if-none-match"?: string }
}

export const makeReads = <K extends OpsCategory>(kind: K) =>
  Effect.gen(function* () {
    const queries = yield* OpsQueries
    const past = yield* TimeTravel
    const paging = yield* makePaging(rowMark)
    const { shownPage } = yield* makeAttributes
    const { plural, rowTag } = kinds[kind]
    const fields = fieldsOf(kind)
    // The same for one of another tenant.
    const [code] = Object.keys(kinds[kind].missing) as [CodeOf<404>]
    const missing = reject(code, notFound(code).advice)

    const present = (tenantId: TenantId, id: IdOf<K>): Effect.Effect<RowOf<K>, NotFound | Unavailable> =>
      Effect.flatMap(queries.find(kind, tenantId, id).pipe(Effect.catch(storeUnavailable)), (row) =>
        row === null ? missing : Effect.succeed(row)
      )

    /** As it was. */
    const at = (tenantId: TenantId, id: IdOf<K>, text: string): Effect.Effect<RowOf<K>, NotFound | Unavailable> =>
      Effect.flatMap(
        past
          .at({ tenantId, category: kind, streamId: id as string as StreamId, asOf: parseAsOf(text) })
          .pipe(Effect.catch(storeUnavailable)),
        (row) => (row?._tag === rowTag ? Effect.succeed(row as RowOf<K>) : missing)
      )

    /** Shown with what is looked up for it, once it is there and not known already. `past`: as it was, of which no more is known. */
    const getWith = <View, E, R>(view: (row: RowOf<K>, past: boolean) => Effect.Effect<View, E, R>) =>
      Effect.fnUntraced(function* ({ headers, params, query }: SentTo<K>) {
        const { tenantId } = yield* Principal
        const { id } = params
        const row = yield* query.asOf === undefined ? present(tenantId, id) : at(tenantId, id, query.asOf)
        return (yield* isKnown(headers["if-none-match"], row.version))
          ? unchanged(row.version)
          : HttpApiSchema.withHeaders({
              body: yield* view(row, query.asOf !== undefined),
              headers: { etag: etagOf(row.version) }
            })
      })

    const get = <View>(view: (row: RowOf<K>) => View) => getWith((row) => Effect.succeed(view(row)))

    /** All of these conditions and what `text` says. */
    const filter = (text: string | undefined, others: ReadonlyArray<Specification>) => {
      if (text === undefined) return Effect.succeed<Specification>({ _tag: "And", all: others })
      const parsed = parseFilter(fields, text)
      return Result.isSuccess(parsed)
        ? Effect.succeed<Specification>({ _tag: "And", all: [...others, parsed.success] })
        : invalidFilter(parsed.failure)
    }

    /** A page under a filter, newest first. */
    const newest =
      <View>(view: (row: RowOf<K>) => View) =>
      (filter: Specification, { cursor, limit = defaultLimit }: ListQuery) =>
        Effect.gen(function* () {
          const { tenantId } = yield* Principal
          const about = { list: plural, filter }
          const after = yield* paging.after(tenantId, about, cursor)
          const found = yield* shownPage(
            (after: RowMark | null, limit) =>
              queries.list(kind, { tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable)),
            { after, limit },
            untagged,
            (row) => ({ createdAt: row.createdAt, id: rowId(row) })
          )
          return { items: found.rows.map(view), nextCursor: paging.next(tenantId, about, found.next) }
        })

    /** `conditions`: what the query's own parameters stand for. */
    const list = <Query extends ListQuery & { readonly filter?: string }, View>(
      conditions: (query: Query) => ReadonlyArray<Specification>,
      view: (row: RowOf<K>) => View
    ) => {
      const show = newest(view)
      return Effect.fnUntraced(function* ({ query }: { readonly query: Query }) {
        return yield* show(yield* filter(query.filter, conditions(query)), query)
      })
    }

    return { at, filter, get, getWith, list, newest, present }
  })

/** For what is looked at of who made it alone. */
export const untagged = (row: RowOf<OpsCategory>): Touched => ({ id: rowId(row), tags: [] })

/** One value of the other: the query parameters of a list that name fields. Those that are left out ask for nothing. */
export const equals = (plain: Readonly<Record<string, string | undefined>>): ReadonlyArray<Specification> =>
  Object.entries(plain).flatMap(([field, value]) => (value === undefined ? [] : [{ _tag: "Equals", field, value }]))

const invalidFilter = ({ code, message }: FilterProblem) =>
  reject("invalid_filter", "Correct the filter at the place that `errors` names.", {
    errors: [{ path: "query.filter", code, message }]
  })
