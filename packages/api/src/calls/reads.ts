/** List, detail and history, straight from the store. */
import { Principal } from "@dueline/contracts/api/Access"
import { etagOf, parseAsOf, parseInstant } from "@dueline/contracts/api/Wire"
import { type CallFilter, CallQueries, type PageMark } from "@dueline/contracts/ports/Queries"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { makeCallChecks } from "../access/attributes.ts"
import { Details } from "./Details.ts"
import { callMark, defaultLimit, makePaging } from "../resources/paging.ts"
import { isKnown, unchanged } from "../resources/preconditions.ts"
import type { Raw } from "../resources/asking.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { eventOf, summaryOf } from "./view.ts"

type ListQuery = Raw<"serviceCalls", "list">["query"]

export const makeReads = Effect.gen(function* () {
  const queries = yield* CallQueries
  const paging = yield* makePaging(callMark)
  const details = yield* Details
  const { shownPage } = yield* makeCallChecks

  return {
    list: Effect.fnUntraced(function* ({ query }: Raw<"serviceCalls", "list">) {
      const { tenantId } = yield* Principal
      const filter = filterOf(query)
      const after = yield* paging.after(tenantId, filter, query.cursor)
      const limit = query.limit ?? defaultLimit
      const page = yield* shownPage(
        (after: PageMark | null, limit) =>
          queries.list({ tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable)),
        { after, limit },
        ({ callId, tags }) => ({ id: callId, tags }),
        ({ callId, createdAt }) => ({ callId, createdAt })
      )
      return {
        items: page.rows.map(summaryOf),
        nextCursor: paging.next(tenantId, filter, page.next)
      }
    }),

    get: Effect.fnUntraced(function* ({ headers, params, query }: Raw<"serviceCalls", "get">) {
      const { tenantId } = yield* Principal
      const row = yield* query.asOf === undefined
        ? details.row(tenantId, params.id)
        : details.rowAt(tenantId, params.id, parseAsOf(query.asOf))
      if (yield* isKnown(headers["if-none-match"], row.version)) return unchanged(row.version)
      return HttpApiSchema.withHeaders({
        body: yield* details.ofRow(row, query.asOf !== undefined),
        headers: { etag: etagOf(row.version) }
      })
    }),

    events: Effect.fnUntraced(function* ({ params, query }: Raw<"serviceCalls", "events">) {
      const { tenantId } = yield* Principal
      const { version } = yield* details.row(tenantId, params.id)
      const { after = 0, limit = defaultLimit } = query
      const history = queries.history({ tenantId, callId: params.id, after, limit })
      const items = (yield* history.pipe(Effect.catch(storeUnavailable))).map(eventOf)
      const last = items.at(-1)
      return { items, nextAfter: last !== undefined && last.version < version ? last.version : null }
    })
  }
})

const filterOf = (query: ListQuery): CallFilter => ({
  status: query.status ?? null,
  tags: [...new Set(query.tag)].sort(),
  dueFrom: query.dueFrom === undefined ? null : parseInstant(query.dueFrom, "up"),
  dueTo: query.dueTo === undefined ? null : parseInstant(query.dueTo, "up"),
  search: query.q ?? null
})
