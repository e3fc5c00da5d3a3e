/** Product events in memory, of the time that the clock says. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import type { ReportedBy, StoredProductEvent } from "@dueline/contracts/productEvent/ProductEvent"
import { Clock, Effect } from "effect"
import { copyOf, keyOf } from "./MemoryState.ts"

type Kept = StoredProductEvent & Pick<ReportedBy, "tenantId">

const isBefore = (a: { readonly at: number; readonly id: string }, b: { readonly at: number; readonly id: string }) =>
  a.at < b.at || (a.at === b.at && a.id < b.id)

/** `known`: tenants and event ids of what is there. */
export const make = (known: Set<string> = new Set()): ProductEvents["Service"] => {
  const kept: Array<Kept> = []
  const told = ({ document: _, tenantId: __, ...event }: Kept) => event
  return {
    append: ({ tenantId, ...by }, events) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const stored = events.filter(({ eventId }) => {
          const key = keyOf(tenantId, eventId)
          return !known.has(key) && known.add(key)
        })
        for (const { document, given: _, ...event } of stored)
          kept.push({ ...event, ...by, tenantId, receivedAt: now as EpochMillis, document: JSON.parse(document) })
        return new Set(stored.map(({ id }) => id))
      }),
    list: ({ after, from = -Infinity, limit, tenantId, to = Infinity, ...wanted }) =>
      Effect.sync(() => {
        const found = kept
          .filter(
            (event) =>
              event.tenantId === tenantId &&
              event.receivedAt >= from &&
              event.receivedAt <= to &&
              Object.entries(wanted).every(
                ([name, value]) => value === undefined || event[name as keyof Kept] === value
              ) &&
              (after === null ||
                isBefore({ at: event.receivedAt, id: event.id }, { at: after.createdAt, id: after.id }))
          )
          .sort((a, b) => (isBefore({ at: a.receivedAt, id: a.id }, { at: b.receivedAt, id: b.id }) ? 1 : -1))
          .slice(0, limit)
        const last = found.at(-1)
        const events = found.map(({ tenantId: _, ...event }) => copyOf(event))
        return {
          events,
          next: last === undefined || found.length < limit ? null : { createdAt: last.receivedAt, id: last.id }
        }
      }),
    correlated: ({ after, correlationId, limit, tenantId }) =>
      Effect.sync(() =>
        kept
          .filter((event) => event.tenantId === tenantId && event.correlationId === correlationId)
          .filter(
            (event) =>
              after === null || isBefore({ at: after.receivedAt, id: after.id }, { at: event.receivedAt, id: event.id })
          )
          .sort((a, b) => (isBefore({ at: a.receivedAt, id: a.id }, { at: b.receivedAt, id: b.id }) ? -1 : 1))
          .slice(0, limit)
          .map((event) => {
            const { apiKeyId, correlationId, eventId, id, name, receivedAt, type, workspace } = told(event)
            return { id, eventId, type, name, receivedAt, workspace, apiKeyId, correlationId }
          })
      )
  }
}
