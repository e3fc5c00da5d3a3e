/** The reading of customers, bins and orders in memory: as `CallQueriesMemory`, with specifications for filters. */
import { Effect } from "effect"
import { distanceMetres } from "../bin/distance.ts"
import { binFields } from "../bin/fields.ts"
import type { BinRow } from "../bin/Row.ts"
import { customerFields } from "../customer/fields.ts"
import type { CustomerRow } from "../customer/Row.ts"
import { orderFields } from "../order/fields.ts"
import type { OrderRow } from "../order/Row.ts"
import type { OpsQueries, ListOptions, Near, NearOptions, RowMark, RowPage } from "../ports/OpsQueries.ts"
import { rowId } from "../kinds.ts"
import { satisfies } from "../specification/satisfies.ts"
import type { Fields } from "../specification/Specification.ts"
import { copyOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

type FieldRow = CustomerRow | BinRow | OrderRow

const markOf = (row: FieldRow): RowMark => ({ createdAt: row.createdAt, id: rowId(row) })

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const newestFirst = (a: RowMark, b: RowMark): number => b.createdAt - a.createdAt || byText(b.id, a.id)

const find =
  <Tag extends FieldRow["_tag"]>(state: MemoryState, tag: Tag) =>
  (tenantId: string, id: string) =>
    Effect.sync(() => {
      const row = state.rows.get(keyOf(tenantId, id))
      return row?._tag === tag ? copyOf(row as Extract<FieldRow, { readonly _tag: Tag }>) : null
    })

const profile =
  (state: MemoryState): OpsQueries["Service"]["profile"] =>
  (tenantId, customerId) =>
    Effect.sync(() => {
      const key = keyOf(tenantId, customerId)
      return state.rows.get(key)?._tag === "CustomerRow" ? (state.streams.get(key)?.sealed ?? null) : null
    })

const list =
  <Row extends FieldRow>(rowsNow: () => ReadonlyArray<Row>, scanBudget: number, fields: Fields<Row>) =>
  ({ after, filter, limit, tenantId }: ListOptions) =>
    Effect.sync((): RowPage<Row> => {
      const candidates = rowsNow()
        .filter((row) => row.tenantId === tenantId && (after === null || newestFirst(after, markOf(row)) < 0))
        .sort((a, b) => newestFirst(markOf(a), markOf(b)))
      const rows: Array<Row> = []
      let looked = 0
      for (const row of candidates) {
        if (rows.length >= limit || looked >= scanBudget) break
        looked += 1
        if (satisfies(fields, filter, row)) rows.push(copyOf(row))
      }
      const last = candidates[looked - 1]
      return { rows, next: last !== undefined && looked < candidates.length ? markOf(last) : null }
    })

const nearestFirst = (a: Near, b: Near): number =>
  a.distanceMetres - b.distanceMetres || byText(a.bin.binId, b.bin.binId)

const binsNear =
  (state: MemoryState) =>
  ({ after, centre, filter, limit, radiusMetres, tenantId }: NearOptions) =>
    Effect.sync(() =>
      rowsOf(state, "BinRow")
        .filter((bin) => bin.tenantId === tenantId && satisfies(binFields, filter, bin))
        .flatMap((bin) =>
          bin.location === null ? [] : [{ bin: copyOf(bin), distanceMetres: distanceMetres(centre, bin.location) }]
        )
        .filter(({ distanceMetres }) => distanceMetres <= radiusMetres)
        .filter(
          ({ bin, distanceMetres }) =>
            after === null ||
            distanceMetres > after.distanceMetres ||
            (distanceMetres === after.distanceMetres && bin.binId > after.binId)
        )
        .sort(nearestFirst)
        .slice(0, limit)
    )

type Holding = Parameters<OpsQueries["Service"]["holding"]>[0]

const holding =
  (state: MemoryState) =>
  ({ binId, limit, tenantId, window }: Holding) =>
    Effect.sync(() =>
      rowsOf(state, "OrderRow")
        .filter((order) => order.tenantId === tenantId && order.binId === binId)
        .filter(({ status }) => status === "Scheduled" || status === "Confirmed")
        .flatMap((order) => (order.window === null ? [] : [{ order, held: order.window }]))
        .filter(({ held }) => held.from < window.to && window.from < held.to)
        .sort((a, b) => a.held.from - b.held.from)
        .slice(0, limit)
        .map(({ order }) => copyOf(order))
    )

export const make = (state: MemoryState, scanBudget: number): OpsQueries["Service"] => ({
  customer: find(state, "CustomerRow"),
  profile: profile(state),
  bin: find(state, "BinRow"),
  order: find(state, "OrderRow"),
  customers: list(() => rowsOf(state, "CustomerRow"), scanBudget, customerFields),
  bins: list(() => rowsOf(state, "BinRow"), scanBudget, binFields),
  orders: list(() => rowsOf(state, "OrderRow"), scanBudget, orderFields),
  binsNear: binsNear(state),
  holding: holding(state)
})
