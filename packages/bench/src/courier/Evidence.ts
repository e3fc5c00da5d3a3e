/** What a run of the load proof leaves behind: every request with its answer, and what the program shows when all is done. */
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import type { IngestionView } from "@dueline/contracts/ingestion/IngestionEndpoints"
import type { OrderFacts } from "@dueline/contracts/order/Order"
import type { ShipmentView } from "@dueline/contracts/shipment/ShipmentEndpoints"

export type Phase = "steady" | "burst" | "recovery" | "fast"

/** One request of a courier, with all its tries. */
export interface Sent {
  readonly phase: Phase
  readonly event: EventFacts
  /** The event was asked for before. */
  readonly repeat: boolean
  /** When it was to be sent, and when its answer had come: epoch milliseconds with fractions. Time waited for a place counts. */
  readonly plannedAt: number
  readonly answeredAt: number
  readonly tries: number
  /** Of the last try; 0 when there was no answer at all. */
  readonly status: number
  readonly ingestionId: string | null
}

export interface SeenIngestion extends Pick<IngestionView, "status" | "failures" | "createdAt" | "endedAt"> {
  readonly id: string
  /** The courier's id of the event; null when there is none. */
  readonly eventId: string | null
}
export type SeenShipment = Pick<ShipmentView, "trackingReference" | "status" | "statusAt" | "orderId">

export interface SeenOrder {
  readonly id: string
  readonly kind: OrderFacts["kind"]
  readonly status: string
  /** How many events its history has that say it was completed. */
  readonly completions: number
}

export interface Evidence {
  readonly sent: ReadonlyArray<Sent>
  readonly ingestions: ReadonlyArray<SeenIngestion>
  readonly shipments: ReadonlyArray<SeenShipment>
  readonly orders: ReadonlyArray<SeenOrder>
  /** What `dueline verify` said, and its exit code. */
  readonly verified: { readonly code: number; readonly output: string }
}

export const latencies = (sent: ReadonlyArray<Sent>, phase: Phase): ReadonlyArray<number> =>
  sent
    .filter((each) => each.phase === phase)
    .map(({ answeredAt, plannedAt }) => answeredAt - plannedAt)
    .toSorted((a, b) => a - b)
