/** How a process takes in product events: as its edge does, by groups on their way to the store, which can fail it in every way it can. */
import type { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { TooManyEvents } from "@dueline/contracts/ports/ProductEvents"
import { ProductEventId, type ReportedEvent } from "@dueline/contracts/productEvent/ProductEvent"
import { makeGroups } from "@dueline/postgres/write/ProductEventGroups"
import { Clock, Effect } from "effect"
import type { Surroundings } from "../layerPorts.ts"
import { makeReach, type Victim } from "../checks/Reach.ts"
import type { Receipt } from "./ReportCheck.ts"

/** What a product sends. An event without an event id gets one of ours. */
export interface Report {
  readonly tenantId: TenantId
  readonly workspace: string
  readonly correlationId: CorrelationId
  readonly events: ReadonlyArray<Omit<ReportedEvent, "id" | "eventId" | "given"> & { readonly eventId: string | null }>
}

export type StoreGroup = (
  entries: ReadonlyArray<Receipt>
) => Effect.Effect<ReadonlyArray<ReadonlySet<ProductEventId>>, StoreUnavailable>

/** Inside of a transaction. */
export type WriteReport = (receipt: Receipt) => Effect.Effect<ReadonlySet<ProductEventId>>

export type Receive = (
  report: Report
) => Effect.Effect<
  { readonly receipt: Receipt; readonly stored: ReadonlySet<string> },
  StoreUnavailable | TooManyEvents
>

/** Few, so that groups are full and some find no room. */
const groups = { atOnce: 2, items: 4, waiting: 6 }

const same = <A>(part: A): A => part

export const makeReceiving = Effect.fnUntraced(function* (around: Surroundings, victim: Victim) {
  const { mutation, reports, standstills, storeIsAway, world } = around
  const reach = makeReach(world, victim, storeIsAway, standstills)
  // The database has a clock of its own, which is right.
  const right = { ...Clock.Clock.defaultValue(), currentTimeMillis: Effect.sync(() => world.time.now) }
  const { check, kept } = reports
  const append = (mutation.reportWrites ?? same)(({ by, events }) => Effect.orDie(kept.append(by, events)))
  const store: StoreGroup = (entries) =>
    reach(
      "store product events",
      // One transaction.
      Effect.forEach(entries, append).pipe(
        Effect.tap(() => Effect.sync(() => check.written())),
        Effect.provideService(Clock.Clock, right)
      )
    )
  const inGroups = yield* makeGroups(groups, (mutation.reportGroups ?? same)(store))
  const receive: Receive = ({ correlationId, events, tenantId, workspace }) =>
    Effect.suspend(() => {
      const by = { tenantId, workspace, apiKeyId: null, correlationId, schemaVersion: "1" }
      const receipt = {
        by,
        events: events.map(({ eventId, ...event }): ReportedEvent => {
          const id = ProductEventId.make(world.dice.uuid())
          return { ...event, id, eventId: eventId ?? id, given: eventId !== null }
        })
      }
      check.received(receipt)
      return Effect.map(inGroups(tenantId, receipt, events.length), (stored) => ({ receipt, stored }))
    })
  return receive
})
