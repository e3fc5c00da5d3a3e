/** How customers, bins and orders are read: each in the same way, from a store of its own. */
import { Principal } from "@dueline/contracts/api/Access"
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { etagOf } from "@dueline/contracts/api/Wire"
import type { ListOptions, RowPage } from "@dueline/contracts/ports/OpsQueries"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { rowMark } from "./marks.ts"
import { defaultLimit, makePaging } from "./paging.ts"
import { isKnown, unchanged } from "./preconditions.ts"
import { storeUnavailable } from "./refusal.ts"

/** `missing`: the same answer for one of another tenant as for one that does not exist. */
export const present = <Row>(
  found: Effect.Effect<Row | null, StoreUnavailable>,
  missing: Effect.Effect<never, NotFound>
): Effect.Effect<Row, NotFound | Unavailable> =>
  Effect.flatMap(found.pipe(Effect.catch(storeUnavailable)), (row) => (row === null ? missing : Effect.succeed(row)))

/** A list, newest first. `name` keeps its cursors apart from those of other lists. */
export const makeNewestFirst = <Row, View>(
  name: string,
  find: (options: ListOptions) => Effect.Effect<RowPage<Row>, StoreUnavailable>,
  view: (row: Row) => View
) =>
  Effect.map(makePaging(rowMark), (paging) =>
    Effect.fnUntraced(function* (
      filter: Specification,
      { cursor, limit = defaultLimit }: { readonly cursor?: string; readonly limit?: number }
    ) {
      const { tenantId } = yield* Principal
      const about = { list: name, filter }
      const after = yield* paging.after(tenantId, about, cursor)
      const page = yield* find({ tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable))
      return { items: page.rows.map(view), nextCursor: paging.next(tenantId, about, page.next) }
    })
  )

/** The thing under its version, or word that the asker has it already. */
export const shownUnless = <View extends { readonly version: number }>(ifNoneMatch: string | undefined, view: View) =>
  Effect.map(isKnown(ifNoneMatch, view.version), (known) =>
    known ? unchanged(view.version) : HttpApiSchema.withHeaders({ body: view, headers: { etag: etagOf(view.version) } })
  )
