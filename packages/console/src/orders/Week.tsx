/** A week of orders, day beside day; the same orders stand in the agenda, for whoever reads by ear. */
import type { Order } from "@dueline/contracts/order/OrderBodies"
import { Link } from "wouter"
import { toneOf } from "../parts/Status.tsx"
import { formatTime } from "../time/zone.ts"
import { addDays, beginningOf, blocksOf, dateOf } from "./week.ts"

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
