/** A courier's event that is carried out in the commit that takes it in: the commands of that, under the ids of the steps it takes otherwise. */
import { type Envelope, systemEnvelope } from "@dueline/contracts/Envelope"
import type { AskEventInOne } from "@dueline/contracts/CommitCompanions"
import type { TenantId } from "@dueline/contracts/Ids"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { Command } from "@dueline/contracts/kinds"
import type { ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { isSampled } from "@dueline/contracts/telemetry/Tracing"

/** The shipment that a source calls so; the same for ever. */
export type ShipmentIdOf = (tenantId: TenantId, source: CourierSourceId, trackingReference: string) => ShipmentId

interface About {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  readonly correlationId: string
}

export const stepOf = <C extends Command>(about: About, step: string, command: C): Envelope<C> =>
  systemEnvelope("field-events", about, `field-events:${about.ingestionId}:${step}`, command)

/**
 * Only of an event that is about its shipment alone, and for as long as that is for no order. One whose trace is to be seen goes step by step: the
 * spans belong to bus and outbox.
 */
export const inOneCommit =
  (shipmentIdOf: ShipmentIdOf): AskEventInOne =>
  ({ command, correlationId, tenantId, traceparent }) => {
    if (command._tag !== "ReceiveIngestion" || command.event.orderId !== null || isSampled(traceparent)) return null
    const { at, courierSourceId, event, ingestionId } = command
    const about = { tenantId, ingestionId, correlationId }
    const shipmentId = shipmentIdOf(tenantId, courierSourceId, event.trackingReference)
    const origin = { correlationId, traceparent: null }
    return {
      recording: stepOf(about, "shipment", {
        ...{ _tag: "RecordShipmentEvent", shipmentId, at, courierSourceId, event, origin }
      }),
      isAll: ({ orderId }) => orderId === null,
      completion: stepOf(about, "complete", { _tag: "CompleteIngestion", ingestionId, at })
    }
  }
