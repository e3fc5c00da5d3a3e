/** The audit log over HTTP: what was done and what was refused in a tenant. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import type { AuditItem } from "@dueline/contracts/api/AuditEndpoints"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import { AuditTrail, type ListedEntry } from "@dueline/contracts/ports/AuditTrail"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { storeUnavailable } from "../requests/refusal.ts"
import { auditMark, defaultLimit, makePaging } from "../resources/paging.ts"
import type { Raw } from "../resources/Raw.ts"
import { leanGroup } from "../server/leanGroup.ts"

const itemOf = ({ at, ...entry }: ListedEntry): AuditItem => ({ at: formatInstant(at), ...entry })

const makeList = Effect.gen(function* () {
  const trail = yield* AuditTrail
  const paging = yield* makePaging(auditMark)
  return Effect.fnUntraced(function* ({ query }: Raw<"audit", "list">) {
    const { tenantId } = yield* Principal
    const {
      actor,
      correlation: correlationId,
      cursor,
      from,
      limit = defaultLimit,
      order,
      outcome,
      resource,
      to
    } = query
    const filter = {
      ...{ actor, correlationId, order: order === "asc" ? order : undefined, outcome, resource },
      from: from === undefined ? undefined : parseInstant(from, "up"),
      to: to === undefined ? undefined : parseInstant(to, "up")
    }
    const about = { list: "audit", filter }
    const after = yield* paging.after(tenantId, about, cursor)
    const page = yield* trail.list({ ...filter, tenantId, after, limit }).pipe(Effect.catch(storeUnavailable))
    return { items: page.items.map(itemOf), nextCursor: paging.next(tenantId, about, page.next) }
  })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const list = yield* makeList
    return yield* leanGroup(HttpApiBuilder.group(Api, "audit", (handlers) => handlers.handle("list", list)))
  })
)
