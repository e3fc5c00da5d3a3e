/** SQL for rows of customers, bins and orders as the contracts have them, and for their fields, from a row that goes by `alias`. */
import { binFields } from "@dueline/contracts/bin/fields"
import { customerFields } from "@dueline/contracts/customer/fields"
import { orderFields } from "@dueline/contracts/order/fields"
import type { FieldType } from "@dueline/contracts/specification/Specification"
import type { SqlFields } from "./specificationSql.ts"

const head = (tag: string, id: string, alias: string): string =>
  `'_tag', '${tag}', 'tenantId', ${alias}.tenant_id, '${id}Id', ${alias}.${id}_id, 'version', ${alias}.version,
    'status', ${alias}.status, 'createdAt', ${alias}.created_at, 'updatedAt', ${alias}.updated_at,
    'correlationId', ${alias}.correlation_id`

export const customerJson = (alias: string): string =>
  `json_build_object(${head("CustomerRow", "customer", alias)}, 'erasedAt', ${alias}.erased_at)`

export const binJson = (alias: string): string =>
  `json_build_object(${head("BinRow", "bin", alias)}, 'serialNumber', ${alias}.serial_number, 'category', ${alias}.category,
    'sizeLitres', ${alias}.size_litres, 'capacityLitres', ${alias}.capacity_litres, 'customerId', ${alias}.customer_id,
    'location', case when ${alias}.lat is not null then json_build_object('lat', ${alias}.lat, 'lon', ${alias}.lon) end)`

export const orderJson = (alias: string): string =>
  `json_build_object(${head("OrderRow", "order", alias)}, 'customerId', ${alias}.customer_id, 'binId', ${alias}.bin_id,
    'kind', ${alias}.kind, 'items', ${alias}.items, 'notifications', ${alias}.notifications, 'endedAt', ${alias}.ended_at,
    'window', case when ${alias}.window_from is not null
      then json_build_object('from', ${alias}.window_from, 'to', ${alias}.window_to) end)`

type Columns<Name extends string> = Readonly<Record<Name, string>>

const columns =
  <Name extends string>(fields: Readonly<Record<Name, { readonly type: FieldType }>>, names: Columns<Name>) =>
  (alias: string): SqlFields => {
    const sqlFields: Record<string, SqlFields[string]> = {}
    for (const name in names) sqlFields[name] = { type: fields[name].type, sql: `${alias}.${names[name]}` }
    return sqlFields
  }

const times = { createdAt: "created_at", updatedAt: "updated_at", version: "version" } as const

export const customerColumns = columns(customerFields, { ...times, status: "status", erasedAt: "erased_at" })

export const binColumns = columns(binFields, {
  ...times,
  serialNumber: "serial_number",
  category: "category",
  sizeLitres: "size_litres",
  capacityLitres: "capacity_litres",
  status: "status",
  lat: "lat",
  lon: "lon",
  customerId: "customer_id::text"
})

export const orderColumns = columns(orderFields, {
  ...times,
  customerId: "customer_id::text",
  binId: "bin_id::text",
  kind: "kind",
  status: "status",
  windowFrom: "window_from",
  windowTo: "window_to",
  endedAt: "ended_at"
})
