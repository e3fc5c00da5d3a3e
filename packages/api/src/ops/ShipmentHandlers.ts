/** Shipments over HTTP: how they are shown. */
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId } from "@dueline/contracts/Ids"
import type { Mark, ShipmentRow } from "@dueline/contracts/shipment/Shipment"
import type { ShipmentView } from "@dueline/contracts/shipment/ShipmentEndpoints"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../server/leanGroup.ts"
import type { Raw } from "../resources/asking.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"

const timeOf = (mark: Mark | null): string | null => (mark === null ? null : formatInstant(mark.occurredAt))

const viewOf = (row: ShipmentRow): ShipmentView => ({
  id: row.shipmentId,
  sourceId: row.courierSourceId,
  trackingReference: row.trackingReference,
  orderId: row.orderId,
  status: row.status,
  statusAt: formatInstant(row.statusAt),
  milestones: {
    label: timeOf(row.milestones.label),
    pickup: timeOf(row.milestones.pickup),
    moving: timeOf(row.milestones.moving),
    delivered: timeOf(row.milestones.delivered),
    returned: timeOf(row.milestones.returned)
  },
  createdAt: formatInstant(row.createdAt),
  updatedAt: formatInstant(row.updatedAt),
  version: row.version,
  correlationId: row.correlationId as CorrelationId,
  links: {
    self: `/ops/shipments/${row.shipmentId}`,
    ingestions: `/ops/ingestions?sourceId=${row.courierSourceId}&trackingReference=${row.trackingReference}`
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { get, list } = yield* makeReads("shipment")
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "shipments", (handlers) =>
        handlers
          .handle(
            "list",
            list(
              ({ orderId, sourceId, status, trackingReference }: Raw<"shipments", "list">["query"]) =>
                equals({ courierSourceId: sourceId, trackingReference, orderId, status }),
              viewOf
            )
          )
          .handle("get", get(viewOf))
      )
    )
  })
)
