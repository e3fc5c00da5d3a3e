/**
 * Orders of one week, as a calendar or as a list; which week and which view stand in the address. Bins by the serial numbers that people know them
 * by.
 */
import { OrderStatus } from "@dueline/contracts/order/Order"
import type { Order } from "@dueline/contracts/order/OrderBodies"
import { Effect } from "effect"
import { useMemo } from "react"
import { Link, useSearchParams } from "wouter"
import { useAnswer, usePages } from "../backend/asking.ts"
import { useMay } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status, toneOf } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { shortId } from "../parts/Named.tsx"
import { nowAtom, Time, zoneAtom } from "../time/Time.tsx"
import { formatTime } from "../time/zone.ts"
import { addDays, beginningOf, blocksOf, dateOf, mondayOf } from "./week.ts"

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

/** A week of orders, day beside day; the same orders stand in the agenda, for whoever reads by ear. */
const hours = [0, 3, 6, 9, 12, 15, 18, 21] as const
/** Of a day, in pixels. */
const height = 480

const dayName = (date: string): string =>
  new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" }).format(
    Date.parse(`${date}T00:00:00Z`)
  )

interface WeekProps {
  readonly monday: string
  readonly zone: string
  readonly now: number
  readonly orders: ReadonlyArray<Order>
  readonly serialOf: (bin: string) => string
}

const Day = ({ date, now, orders, serialOf, zone }: Omit<WeekProps, "monday"> & { readonly date: string }) => {
  const from = beginningOf(date, zone)
  const to = beginningOf(addDays(date, 1), zone)
  const byId = new Map(orders.map((order) => [order.id as string, order]))
  const stretches = orders.flatMap(({ id, window }) =>
    window === null ? [] : [{ id: id as string, from: Date.parse(window.from), to: Date.parse(window.to) }]
  )
  const long = to - from !== 86_400_000
  return (
    <section className={dateOf(now, zone) === date ? "day today" : "day"} aria-label={dayName(date)}>
      <h2>
        {dayName(date)}
        {long ? <span className="warn"> {(to - from) / 3_600_000} h</span> : null}
      </h2>
      <div style={{ height }}>
        {now >= from && now < to ? <i style={{ top: `${((now - from) / (to - from)) * 100}%` }} /> : null}
        {blocksOf(stretches, from, to).map(({ bottom, id, lane, lanes, top }) => {
          const order = byId.get(id)
          return order === undefined ? null : (
            <Link
              key={id}
              href={`/orders/${id}`}
              className={`order ${toneOf(order.status)}`}
              title={`${order.kind} of ${serialOf(order.binId)}, ${order.status}`}
              style={{
                top: `${top * 100}%`,
                height: `max(24px, ${(bottom - top) * 100}%)`,
                left: `${(lane / lanes) * 100}%`,
                width: `${100 / lanes}%`
              }}
            >
              <b>{order.window === null ? "" : formatTime(Date.parse(order.window.from), zone).slice(11, 16)}</b>{" "}
              {order.kind} <b>{serialOf(order.binId)}</b>
              <span>{order.status}</span>
            </Link>
          )
        })}
      </div>
    </section>
  )
}

export const Week = ({ monday, ...rest }: WeekProps) => (
  <div className="week">
    <div className="hours" aria-hidden="true" style={{ height }}>
      {hours.map((hour) => (
        <span key={hour} style={{ top: `${(hour / 24) * 100}%` }}>
          {String(hour).padStart(2, "0")}
        </span>
      ))}
    </div>
    {[0, 1, 2, 3, 4, 5, 6].map((n) => (
      <Day key={n} date={addDays(monday, n)} {...rest} />
    ))}
  </div>
)

/** As many as a page has at the most; the bins beyond it are shown by the end of their id. */
const asked = 200

export const useSerials = (): ((bin: string) => string) => {
  const may = useMay("ops:bins.read")
  const { value } = useAnswer("bins", ({ bins }) =>
    may ? bins.list({ query: { limit: asked } as never }) : Effect.succeed(null)
  )
  return useMemo(() => {
    const serials = new Map(value?.items.map(({ id, serialNumber }) => [id as string, serialNumber]))
    return (bin) => serials.get(bin) ?? shortId(bin)
  }, [value])
}
