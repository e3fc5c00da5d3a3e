/** Orders of one week, as a calendar or as a list; which week and which view stand in the address. */
import { OrderStatus } from "@dueline/contracts/order/Order"
import type { Order } from "@dueline/contracts/order/OrderBodies"
import { useMemo } from "react"
import { Link, useSearchParams } from "wouter"
import { useAtom } from "../backend/useAtom.ts"
import { usePages } from "../backend/usePages.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { shortId } from "../parts/ids.ts"
import { zoneAtom } from "../time/chosenZone.ts"
import { nowAtom } from "../time/clock.ts"
import { Time } from "../time/Time.tsx"
import { addDays, beginningOf, dateOf, mondayOf } from "./week.ts"
import { useSerials } from "./useSerials.ts"
import { Week } from "./Week.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: OrderStatus.literals },
  { name: "binId", label: "Bin id", type: "text" },
  { name: "customerId", label: "Customer id", type: "text" }
]

/** As the days come, whenever they were made. */
const byWindow = (a: Order, b: Order): number => Date.parse(a.window?.from ?? "") - Date.parse(b.window?.from ?? "")

type Columns = readonly [Column<Order>, ...ReadonlyArray<Column<Order>>]

const columnsOf = (serialOf: (bin: string) => string): Columns => [
  { head: "Order", cell: ({ id, kind }) => `${kind} ${shortId(id)}` },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "From", cell: ({ window }) => <Time at={window?.from} /> },
  { head: "To", cell: ({ window }) => <Time at={window?.to} /> },
  { head: "Bin", cell: ({ binId }) => <Link href={`/bins/${binId}`}>{serialOf(binId)}</Link> },
  {
    head: "Customer",
    cell: ({ customerId }) => <Link href={`/customers/${customerId}`}>{shortId(customerId)}</Link>
  },
  {
    head: "Items",
    as: "wide",
    cell: ({ items }) => items.map(({ material, quantity, unit }) => `${quantity} ${unit} ${material}`).join(", ")
  }
]

export const OrdersScreen = () => {
  const zone = useAtom(zoneAtom)
  const now = useAtom(nowAtom)
  const [search, setSearch] = useSearchParams()
  const [values, set] = useFilters(filters)
  const asked = search.get("week") ?? ""
  const monday = mondayOf(
    /^\d{4}-\d\d-\d\d$/u.test(asked) && Number.isFinite(Date.parse(asked)) ? asked : dateOf(now, zone)
  )
  const serialOf = useSerials()
  const columns = useMemo(() => columnsOf(serialOf), [serialOf])
  const isAgenda = search.get("view") === "agenda"
  const query = {
    ...values,
    from: new Date(beginningOf(monday, zone)).toISOString(),
    to: new Date(beginningOf(addDays(monday, 7), zone)).toISOString()
  }
  const pages = usePages(
    JSON.stringify(query),
    ({ orders }, page) => orders.list({ query: { ...page, ...query } as never }),
    200
  )
  const go = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before)
      if (value === "") next.delete(name)
      else next.set(name, value)
      return next
    })
  return (
    <Screen title={`Orders, week of ${monday}`} actions={<Freshness asked={pages} />}>
      <div className="actions">
        <button type="button" onClick={() => go("week", addDays(monday, -7))}>
          Week before
        </button>
        <button type="button" onClick={() => go("week", "")}>
          This week
        </button>
        <button type="button" onClick={() => go("week", addDays(monday, 7))}>
          Week after
        </button>
        <button type="button" aria-pressed={isAgenda} onClick={() => go("view", isAgenda ? "" : "agenda")}>
          Agenda
        </button>
      </div>
      <Filters filters={filters} values={values} set={set} />
      {isAgenda ? (
        <Rows
          label="Orders of the week"
          pages={{ ...pages, rows: pages.rows.toSorted(byWindow) }}
          columns={columns}
          keyOf={({ id }) => id}
          href={({ id }) => `/orders/${id}`}
          filtered={Object.keys(values).length > 0}
          nothing={<p>No order has its window in this week.</p>}
        />
      ) : (
        <>
          {pages.trouble === null ? null : <TroubleNote trouble={pages.trouble} again={pages.again} />}
          {pages.rows.length === 0 && !pages.asking && pages.trouble === null ? (
            <p className="empty">
              {Object.keys(values).length === 0
                ? "No order has its window in this week."
                : "No order of this week fits these filters."}
            </p>
          ) : null}
          <div aria-busy={pages.asking}>
            <Week monday={monday} zone={zone} now={now} orders={pages.rows} serialOf={serialOf} />
          </div>
          {pages.more ? (
            <button type="button" onClick={pages.further} disabled={pages.asking}>
              Show more of this week
            </button>
          ) : null}
        </>
      )}
    </Screen>
  )
}
