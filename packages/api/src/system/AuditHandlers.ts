/** The audit log over HTTP: what was done and what was refused in a tenant, and what proves that nobody changed it since. */
import { partsOf, placed } from "@dueline/audit/merkle"
import type { StreamId } from "@dueline/contracts/Ids"
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import type { AuditItem, TimelineEvent as Told } from "@dueline/contracts/api/AuditEndpoints"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import { AuditTrail, type ListedEntry, treeBeginning } from "@dueline/contracts/ports/AuditTrail"
import { type TimelineEvent, type TimelineMark, TimeTravel } from "@dueline/contracts/ports/History"
import { ProductEvents, type ToldProductEvent } from "@dueline/contracts/ports/ProductEvents"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { keySubject } from "../access/ApiKeyAccess.ts"
import { eventOf } from "../calls/view.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import type { Raw } from "../resources/asking.ts"
import { auditMark, defaultLimit, makePaging, timelineMark, treeMark } from "../resources/paging.ts"
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

export const layerAudit = Layer.effectContext(
  Effect.gen(function* () {
    const list = yield* makeList
    const proof = yield* makeProof
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "audit", (handlers) => handlers.handle("list", list).handle("proof", proof))
    )
  })
)

/** Everything that one cause brought about, joined to the API definition: what aggregates recorded, and what products reported. */
interface Placed {
  readonly mark: TimelineMark
  readonly told: Told
}

const ofAggregate = (event: TimelineEvent): Placed => ({
  mark: event,
  told: { category: event.category, id: event.streamId, ...eventOf(event) }
})

/** What it holds may be about a person: only what it is called is told. */
const ofProduct = ({
  apiKeyId,
  correlationId,
  eventId,
  id,
  name,
  receivedAt,
  type,
  workspace
}: ToldProductEvent): Placed => {
  const streamId = id as string as StreamId
  return {
    mark: { recordedAt: receivedAt, streamId, version: 1 },
    told: {
      category: "product-event",
      id: streamId,
      version: 1,
      eventId,
      type,
      eventVersion: 1,
      recordedAt: formatInstant(receivedAt),
      correlationId,
      actor: apiKeyId === null ? { kind: "user", id: workspace } : { kind: "user", id: keySubject(apiKeyId) },
      payload: { name, workspace }
    }
  }
}

/** In the order that marks have. */
const byMark = ({ mark: a }: Placed, { mark: b }: Placed): number => {
  if (a.recordedAt !== b.recordedAt) return a.recordedAt - b.recordedAt
  if (a.streamId !== b.streamId) return a.streamId < b.streamId ? -1 : 1
  return a.version - b.version
}

const makeRead = Effect.gen(function* () {
  const past = yield* TimeTravel
  const products = yield* ProductEvents
  const paging = yield* makePaging(timelineMark)
  return Effect.fnUntraced(function* ({ query }: Raw<"timeline", "read">) {
    const { tenantId } = yield* Principal
    const { correlation: correlationId, cursor, limit = defaultLimit } = query
    const about = { list: "timeline", correlationId }
    const after = yield* paging.after(tenantId, about, cursor)
    const behind = after === null ? null : { receivedAt: after.recordedAt, id: after.streamId }
    // One more than asked for of each, so that it is known whether anything is left.
    const [page, reported] = yield* Effect.all(
      [
        past.timeline({ tenantId, correlationId, after, limit }),
        products.correlated({ tenantId, correlationId, after: behind, limit: limit + 1 })
      ],
      { concurrency: 2 }
    ).pipe(Effect.catch(storeUnavailable))
    const all = [...page.events.map(ofAggregate), ...reported.map(ofProduct)].sort(byMark)
    const shown = all.slice(0, limit)
    const more = page.next !== null || all.length > limit
    return {
      items: shown.map(({ told }) => told),
      nextCursor: paging.next(tenantId, about, more ? (shown.at(-1)?.mark ?? null) : null)
    }
  })
})

export const layerTimeline = Layer.effectContext(
  Effect.gen(function* () {
    const read = yield* makeRead
    return yield* leanGroup(HttpApiBuilder.group(Api, "timeline", (handlers) => handlers.handle("read", read)))
  })
)
