/** Shipments, as their couriers tell of them. */
import { ShipmentStatus } from "@dueline/contracts/shipment/Shipment"
import type { ShipmentView } from "@dueline/contracts/shipment/ShipmentEndpoints"
import { Link } from "wouter"
import { usePages } from "../backend/asking.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/Named.tsx"
import { Ago, Time } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: ShipmentStatus.literals },
  { name: "trackingReference", label: "Tracking reference", type: "text" }
]

const columns: readonly [Column<ShipmentView>, ...ReadonlyArray<Column<ShipmentView>>] = [
  { head: "Tracking reference", as: "wide", cell: ({ trackingReference }) => trackingReference },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Since", cell: ({ statusAt }) => <Ago at={statusAt} /> },
  { head: "Picked up", cell: ({ milestones }) => <Time at={milestones.pickup} /> },
  { head: "Delivered", cell: ({ milestones }) => <Time at={milestones.delivered} /> },
  {
    head: "Order",
    cell: ({ orderId }) => (orderId === null ? "–" : <Link href={`/orders/${orderId}`}>{shortId(orderId)}</Link>)
  }
]

export const ShipmentsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ shipments }, page) =>
    shipments.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Shipments" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Shipments, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ trackingReference }) => `/ingestion?trackingReference=${encodeURIComponent(trackingReference)}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None is known yet: a shipment is what a courier's first event about it makes.</p>}
      />
    </Screen>
  )
}
