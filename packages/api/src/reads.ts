/** List, detail and history, straight from the store. */
import { Principal } from "@dueline/contracts/api/Access"
import { BadRequest } from "@dueline/contracts/api/ProblemError"
import { etagOf, parseInstant } from "@dueline/contracts/api/Wire"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { type CallFilter, CallQueries } from "@dueline/contracts/ports/CallQueries"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Rejection"
import { Effect } from "effect"
import { HttpApiSchema } from "effect/http-api"
import { Cursor } from "./Cursor.ts"
import { Details } from "./Details.ts"
import { parseEntityTags } from "./entityTag.ts"
import { storeUnavailable } from "./refusal.ts"
import { reject } from "./reject.ts"
import { eventOf, summaryOf } from "./view.ts"

const defaultLimit = 50

interface ListQuery {
  readonly status?: ServiceCallStatus
  readonly tag?: ReadonlyArray<string>
  readonly dueFrom?: string
  readonly dueTo?: string
  readonly q?: string
  readonly limit?: number
  readonly cursor?: string
}

export const makeReads = Effect.gen(function* () {
  const queries = yield* CallQueries
  const cursors = yield* Cursor
  const details = yield* Details

  const pageMark = (tenantId: TenantId, filter: CallFilter, cursor: string | undefined) => {
    if (cursor === undefined) return Effect.succeed(null)
    const mark = cursors.open(tenantId, filter, cursor)
    return mark === null
      ? reject(
          BadRequest,
          "invalid_cursor",
          "Start again without a cursor, or repeat the filter the cursor was issued for."
        )
      : Effect.succeed(mark)
  }

  return {
    list: Effect.fnUntraced(function* ({ query }: { readonly query: ListQuery }) {
      const { tenantId } = yield* Principal
      const filter = filterOf(query)
      const after = yield* pageMark(tenantId, filter, query.cursor)
      const limit = query.limit ?? defaultLimit
      const page = yield* queries.list({ tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable))
      return {
        items: page.rows.map(summaryOf),
        nextCursor: page.next === null ? null : cursors.seal(tenantId, filter, page.next)
      }
    }),

    get: Effect.fnUntraced(function* ({
      headers,
      params
    }: {
      readonly params: { readonly id: ServiceCallId }
      readonly headers: { readonly "if-none-match"?: string }
    }) {
      const { tenantId } = yield* Principal
      const row = yield* details.row(tenantId, params.id)
      const etag = etagOf(row.version)
      const known =
        headers["if-none-match"] === undefined ? undefined : parseEntityTags(headers["if-none-match"], "weak")
      if (known === null)
        return yield* reject(BadRequest, "malformed_etag", 'Send If-None-Match with an entity tag such as "3".')
      return known !== undefined && (known.any || known.versions.includes(row.version))
        ? HttpApiSchema.withHeaders({ body: undefined, headers: { etag } })
        : HttpApiSchema.withHeaders({ body: yield* details.ofRow(row), headers: { etag } })
    }),

    events: Effect.fnUntraced(function* ({
      params,
      query
    }: {
      readonly params: { readonly id: ServiceCallId }
      readonly query: { readonly after?: number; readonly limit?: number }
    }) {
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
  dueFrom: query.dueFrom === undefined ? null : parseInstant(query.dueFrom),
  dueTo: query.dueTo === undefined ? null : parseInstant(query.dueTo),
  search: query.q ?? null
})
