/** Everything that one cause brought about, joined to the API definition: what aggregates recorded, and what products reported. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import type { TimelineEvent as Told } from "@dueline/contracts/api/AuditEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { StreamId } from "@dueline/contracts/Ids"
import { ProductEvents, type ToldProductEvent } from "@dueline/contracts/ports/ProductEvents"
import { type TimelineEvent, type TimelineMark, TimeTravel } from "@dueline/contracts/ports/History"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { keySubject } from "../access/ApiKeyAccess.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, makePaging, timelineMark } from "../resources/paging.ts"
import type { Raw } from "../resources/Raw.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { eventOf } from "../calls/view.ts"

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

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const read = yield* makeRead
    return yield* leanGroup(HttpApiBuilder.group(Api, "timeline", (handlers) => handlers.handle("read", read)))
  })
)
