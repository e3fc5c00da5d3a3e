/** What a batch has for customers, bins, orders, personal data and snapshots, as the JSON text that `dueline.commit_field` takes. */
import type { BinRow } from "@dueline/contracts/bin/Row"
import type { CustomerRow } from "@dueline/contracts/customer/Row"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { OrderRow } from "@dueline/contracts/order/Row"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { FieldValue, Test } from "@dueline/contracts/Rules"
import type { Requirement } from "@dueline/contracts/StoreRule"

type Row = Readonly<Record<string, string | number | null>>

interface PlaceOf<Tag extends ReadModelRow["_tag"]> {
  readonly part: string
  readonly columns: (row: Extract<ReadModelRow, { readonly _tag: Tag }>) => Row
}

const customer = (row: CustomerRow): Row => ({
  tenant_id: row.tenantId,
  customer_id: row.customerId,
  version: row.version,
  status: row.status,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  erased_at: row.erasedAt,
  correlation_id: row.correlationId
})

const bin = (row: BinRow): Row => ({
  tenant_id: row.tenantId,
  bin_id: row.binId,
  version: row.version,
  serial_number: row.serialNumber,
  category: row.category,
  size_litres: row.sizeLitres,
  capacity_litres: row.capacityLitres,
  status: row.status,
  lat: row.location?.lat ?? null,
  lon: row.location?.lon ?? null,
  customer_id: row.customerId,
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  correlation_id: row.correlationId
})

/** Contents travel as JSON text inside the JSON: they may hold what `jsonb` cannot, such as U+0000. */
const order = (row: OrderRow): Row => ({
  tenant_id: row.tenantId,
  order_id: row.orderId,
  version: row.version,
  customer_id: row.customerId,
  bin_id: row.binId,
  kind: row.kind,
  status: row.status,
  window_from: row.window?.from ?? null,
  window_to: row.window?.to ?? null,
  items: JSON.stringify(row.items),
  notifications: JSON.stringify(row.notifications),
  created_at: row.createdAt,
  updated_at: row.updatedAt,
  ended_at: row.endedAt,
  correlation_id: row.correlationId
})

const snapshot = ({ snapshot, streamId, tenantId }: Commit): ReadonlyArray<Row> =>
  snapshot === null
    ? []
    : [
        {
          tenant_id: tenantId,
          stream_id: streamId,
          version: snapshot.version,
          form: snapshot.form,
          state: JSON.stringify(snapshot.state)
        }
      ]

/** Where the rows of each kind go. A row that has no place throws: its event would be stored and itself not. */
const places = {
  ServiceCallRow: null,
  CustomerRow: { part: "customers", columns: customer },
  BinRow: { part: "bins", columns: bin },
  OrderRow: { part: "orders", columns: order }
} satisfies { readonly [Tag in ReadModelRow["_tag"]]: PlaceOf<Tag> | null }

const rowsIn = (commits: ReadonlyArray<Commit>): Readonly<Record<string, ReadonlyArray<Row>>> => {
  const parts: Record<string, Array<Row>> = {}
  for (const { row } of commits) {
    if (row === null) continue
    const place: PlaceOf<never> | null | undefined = places[row._tag]
    if (place === undefined) throw new Error(`the row ${row._tag} has no table`)
    if (place !== null) (parts[place.part] ??= []).push(place.columns(row as never))
  }
  return parts
}

/** The two parts of what a customer's vault sealed: the key, and what it locks. */
const personalData = ({ category, sealed, streamId, tenantId }: Commit): ReadonlyArray<Row> => {
  if (sealed._tag !== "set" || category === "service-call") return []
  if (category !== "customer") throw new Error(`an attachment of a ${category} has no place`)
  const dot = sealed.value.indexOf(".")
  if (dot < 0) throw new Error("a customer's attachment is a key and a profile, with a dot between them")
  const [data_key, profile] = [sealed.value.slice(0, dot), sealed.value.slice(dot + 1)]
  return [{ tenant_id: tenantId, customer_id: streamId, data_key, profile }]
}

type Part = "active" | "fits" | "unused" | "idle"

/** The customer for whom an exception is made: of the kind's other values null alone is one. */
const customerIn = (tests: ReadonlyArray<Test>): string | null => {
  const named = tests.flatMap(
    (test): ReadonlyArray<FieldValue> => ("isNot" in test && test.field === "customerId" ? test.isNot : [])
  )
  return (named.find((value) => value !== null) ?? null) as string | null
}

/** The part of the parameter that a requirement belongs to, by what the function judges there. */
const partOf = (requirement: Requirement): readonly [part: Part, i: string, c: string | null] => {
  if (requirement._tag === "RowIs" && requirement.kind === "customer") return ["active", requirement.id, null]
  if (requirement._tag === "RowIs" && requirement.kind === "bin")
    return ["fits", requirement.id, customerIn(requirement.unless)]
  if (requirement._tag === "NoRow" && requirement.kind === "order")
    return requirement.hold.kind === "bin"
      ? ["unused", requirement.hold.id, customerIn(requirement.when)]
      : ["idle", requirement.hold.id, null]
  throw new Error(`nothing judges ${JSON.stringify(requirement)}`)
}

/** `t` is the tenant, `i` the id, `c` the customer that matters. The same is asked only once. */
const asked = (batch: ReadonlyArray<Commit>): Readonly<Partial<Record<Part, ReadonlyArray<Row>>>> => {
  const found: Partial<Record<Part, Map<string, Row>>> = {}
  for (const { requires, tenantId } of batch) {
    for (const requirement of requires) {
      const [part, i, c] = partOf(requirement)
      ;(found[part] ??= new Map()).set(`${tenantId} ${i} ${c}`, { t: tenantId, i, c })
    }
  }
  return Object.fromEntries(Object.entries(found).map(([part, rows]) => [part, [...rows.values()]]))
}

/** Null when the batch has nothing of the kind, as most batches of service calls. */
export const fieldParameter = (batch: ReadonlyArray<Commit>): string | null => {
  const concerned = batch.filter(
    ({ category, requires, snapshot }) => category !== "service-call" || snapshot !== null || requires.length > 0
  )
  if (concerned.length === 0) return null
  const customers = concerned.filter(({ category }) => category === "customer")
  const forgotten = customers.filter(({ sealed }) => sealed._tag === "erase")
  const parts = {
    ...rowsIn(concerned),
    personal_data: concerned.flatMap(personalData),
    forgotten: forgotten.map(({ streamId, tenantId }): Row => ({ t: tenantId, i: streamId })),
    snapshots: concerned.flatMap(snapshot),
    ...asked(concerned)
  }
  const filled = Object.entries(parts).filter(([, part]) => part.length > 0)
  return filled.length === 0 ? null : JSON.stringify(Object.fromEntries(filled))
}
