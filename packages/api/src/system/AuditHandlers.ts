/** The audit log over HTTP: what was done and what was refused in a tenant, and what proves that nobody changed it since. */
import { partsOf, placed } from "@dueline/audit/parts"
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import type { AuditItem } from "@dueline/contracts/api/AuditEndpoints"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import { AuditTrail, type ListedEntry, treeBeginning } from "@dueline/contracts/ports/AuditTrail"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { storeUnavailable } from "../requests/refusal.ts"
import { auditMark, defaultLimit, makePaging, treeMark } from "../resources/paging.ts"
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

/** Leaves of a stretch: some milliseconds of this process, which makes the roots of their subtrees. */
const leavesAtOnce = 4_096

const makeProof = Effect.gen(function* () {
  const trail = yield* AuditTrail
  const paging = yield* makePaging(treeMark)
  const about = { list: "audit-proof" }
  return Effect.fnUntraced(function* ({ query: { cursor } }: Raw<"audit", "proof">) {
    const { tenantId } = yield* Principal
    const from = (yield* paging.after(tenantId, about, cursor)) ?? treeBeginning
    const found = yield* trail.stretch({ tenantId, from, limit: leavesAtOnce }).pipe(Effect.catch(storeUnavailable))
    const { entries, events, kinds, note, sealed, size, successions } = found
    const { expected, own } = placed(from.at, kinds, found)
    const parts = partsOf(from.at, Buffer.from(found.hashes, "hex"), own)
    const to = parts.reduce((at, { leaves }) => at + leaves, from.at)
    return {
      from: from.at,
      to,
      parts: parts.map(({ hash, leaf, leaves }) => ({ leaves, hash: hash.toString("base64"), leaf })),
      rows: { expected, found: events.found + entries.found },
      size,
      sealed,
      ...(to === size ? { note, successions } : { note: null }),
      resume: paging.next(tenantId, about, { at: to, events, entries }) ?? ""
    }
  })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const list = yield* makeList
    const proof = yield* makeProof
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "audit", (handlers) => handlers.handle("list", list).handle("proof", proof))
    )
  })
)
