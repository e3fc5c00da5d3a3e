/** What a shipment must look like after a set of its courier's events: a fold over all of them in the order of the courier's time. */
import type { OrderId } from "@dueline/contracts/Ids"
import type { CourierEventType, EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import type { OrderFacts } from "@dueline/contracts/order/Order"
import type { ShipmentStatus } from "@dueline/contracts/shipment/Shipment"

export interface ExpectedShipment {
  readonly status: ShipmentStatus
  /** Epoch milliseconds by the courier's time. */
  readonly statusAt: number
  readonly orderId: OrderId | null
}

const steps: Readonly<Record<CourierEventType, readonly [ShipmentStatus, rank: number]>> = {
  "label.created": ["LabelCreated", 0],
  "pickup.completed": ["PickedUp", 1],
  "shipment.in_transit": ["InTransit", 2],
  "shipment.exception": ["Exception", 2],
  "shipment.delivered": ["Delivered", 3],
  "shipment.returned": ["Returned", 4]
}

const inOrder = (events: ReadonlyArray<EventFacts>): ReadonlyArray<EventFacts> =>
  events.toSorted((a, b) => a.occurredAt - b.occurredAt || (a.eventId < b.eventId ? -1 : 1))

/** Null before the first event. It goes forward only, but in transit and exception take turns. */
export const expectedShipment = (events: ReadonlyArray<EventFacts>): ExpectedShipment | null => {
  let stands: readonly [ShipmentStatus, rank: number, at: number] | null = null
  let orderId: OrderId | null = null
  for (const event of inOrder(events)) {
    const [status, rank] = steps[event.type]
    if (stands === null || rank > stands[1] || (rank === 2 && stands[1] === 2))
      stands = [status, rank, event.occurredAt]
    orderId = event.orderId ?? orderId
  }
  return stands === null ? null : { status: stands[0], statusAt: stands[2], orderId }
}

/** Whether a shipment's events say that its order was carried out. */
export const carriedOut = (events: ReadonlyArray<EventFacts>, kind: OrderFacts["kind"]): boolean =>
  events.some(({ type }) => type === (kind === "delivery" ? "shipment.delivered" : "pickup.completed"))
