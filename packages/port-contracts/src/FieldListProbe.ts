/** The three lists of OpsQueries, as one thing to be judged: how their rows are made, drawn at random, and asked for. */
import { BinCategory, binFields, type BinRow, BinStatus } from "@dueline/contracts/bin/Bin"
import { customerFields, type CustomerRow, CustomerStatus } from "@dueline/contracts/customer/Customer"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { orderFields, OrderKind, type OrderRow, OrderStatus } from "@dueline/contracts/order/Order"
import type { OpsQueries, ListOptions, RowPage } from "@dueline/contracts/ports/OpsQueries"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { satisfies } from "@dueline/contracts/specification/satisfies"
import type { Fields, Specification } from "@dueline/contracts/specification/Specification"
import { type Effect, Schema } from "effect"
import * as FieldSample from "./FieldSample.ts"
import * as Sample from "./Sample.ts"
import { fittingPredicates, specificationsOf, texts } from "./SpecificationSample.ts"

export interface ListProbe<Row extends FieldSample.FieldRow, Drawn> {
  readonly name: string
  readonly list: (
    queries: OpsQueries["Service"]
  ) => (options: ListOptions) => Effect.Effect<RowPage<Row>, StoreUnavailable>
  readonly row: (tenantId: TenantId, changes: { readonly createdAt?: EpochMillis }) => Row
  /** Whatever the list can be filtered by. `n` tells the drawn rows of one tenant apart. */
  readonly drawn: Schema.Codec<Drawn, unknown>
  readonly rowOf: (tenantId: TenantId, drawn: Drawn, n: number) => Row
  readonly specifications: Schema.Codec<Specification>
  /** As memory would have it. */
  readonly satisfies: (specification: Specification, row: Row) => boolean
  /** What asks for every field as this row has it. */
  readonly likenessOf: (row: Row) => Specification
}

const ids = [FieldSample.customerId(), FieldSample.customerId()]
const someTexts = Schema.Union([texts, Schema.Literals([...ids, "0000", "-7000-8", "SN"])])

const judgedBy = <Row>(fields: Fields<Row>) => ({
  specifications: specificationsOf(fittingPredicates(fields, someTexts)),
  satisfies: (specification: Specification, row: Row) => satisfies(fields, specification, row),
  likenessOf: (row: Row): Specification => ({
    _tag: "And",
    all: Object.entries(fields).map(([field, { read }]) => {
      const value = read(row)
      return value === null ? { _tag: "Missing", field } : { _tag: "Equals", field, value }
    })
  })
})

const moment = Schema.Literals([Sample.now - 1, Sample.now, Sample.now + 1]).pipe(Schema.brand("EpochMillis"))
const made = { version: Schema.Literals([1, 2, 3]), createdAt: moment, updatedAt: moment }

const drawnCustomer = Schema.Struct({ ...made, status: CustomerStatus, erasedAt: Schema.NullOr(moment) })

export const customers: ListProbe<CustomerRow, typeof drawnCustomer.Type> = {
  name: "customers",
  list: (queries) => (options) => queries.list("customer", options),
  row: FieldSample.customer,
  drawn: drawnCustomer,
  rowOf: FieldSample.customer,
  ...judgedBy(customerFields)
}

const degrees = Schema.Literals([0, 90, -90, 0.1, 0.30000000000000004])

const drawnBin = Schema.Struct({
  ...made,
  category: BinCategory,
  status: BinStatus,
  sizeLitres: Schema.Literals([1, 2, 1_000_000]),
  capacityLitres: Schema.Literals([0, 1]),
  location: Schema.NullOr(Schema.Struct({ lat: degrees, lon: degrees })),
  customerId: Schema.NullOr(Schema.Literals(ids))
})

export const bins: ListProbe<BinRow, typeof drawnBin.Type> = {
  name: "bins",
  list: (queries) => (options) => queries.list("bin", options),
  row: FieldSample.bin,
  drawn: drawnBin,
  rowOf: (tenantId, drawn, n) =>
    FieldSample.bin(tenantId, { ...drawn, serialNumber: `${n % 2 === 0 ? "a" : "A_"}${n}` }),
  ...judgedBy(binFields)
}

const drawnOrder = Schema.Struct({
  ...made,
  kind: OrderKind,
  status: OrderStatus,
  customerId: Schema.Literals(ids),
  hasWindow: Schema.Boolean,
  endedAt: Schema.NullOr(moment)
})

export const orders: ListProbe<OrderRow, typeof drawnOrder.Type> = {
  name: "orders",
  list: (queries) => (options) => queries.list("order", options),
  row: (tenantId, changes) => FieldSample.order(FieldSample.bin(tenantId), FieldSample.customerId(), changes),
  drawn: drawnOrder,
  rowOf: (tenantId, { customerId, hasWindow, ...drawn }, n) => {
    const holds = drawn.status === "Scheduled" || drawn.status === "Confirmed"
    const window = hasWindow || holds ? FieldSample.hours(n, n + 1) : null
    return FieldSample.order(FieldSample.bin(tenantId), customerId, { ...drawn, window })
  },
  ...judgedBy(orderFields)
}
