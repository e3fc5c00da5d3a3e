/** Events as they were recorded; what one holds is a press away. */
import type { HistoryEvent } from "@dueline/contracts/api/ServiceCallView"
import type { ReactNode } from "react"
import { Link } from "wouter"
import { Time } from "../time/Time.tsx"
import { Json } from "./Facts.tsx"
import { isId, shortId } from "./Named.tsx"
import { wordsOf } from "./Status.tsx"

export const Events = <E extends HistoryEvent>({
  about,
  of
}: {
  readonly of: ReadonlyArray<E>
  readonly about?: (event: E) => ReactNode
}) => (
  <ol className="events">
    {of.map((event) => (
      <li key={event.eventId}>
        <details>
          <summary>
            <Time at={event.recordedAt} />
            <b>{wordsOf(event.type)}</b>
            <span className="faint">
              {event.actor.kind === "system" ? event.actor.id : `by ${event.actor.id}`} · version {event.version}
            </span>
          </summary>
          <Json of={event.payload} />
        </details>
        {about === undefined ? null : about(event)}
      </li>
    ))}
  </ol>
)

/** The thing that an event or an entry is about: what it is, and which, leading to its screen where it has one. */
const places: Readonly<Record<string, string>> = {
  "service-call": "calls",
  order: "orders",
  customer: "customers",
  bin: "bins",
  ingestion: "ingestion",
  schedule: "schedules",
  "bulk-job": "jobs",
  subscription: "subscriptions"
}

export const About = ({ id, kind }: { readonly kind: string | null; readonly id: string }) => {
  const place = places[kind ?? ""]
  const name = (
    <>
      {kind === null ? "" : `${wordsOf(kind.replaceAll("-", " "))} `}
      {/* Of anything else the end says nothing. */}
      <code>{isId(id) ? shortId(id) : id}</code>
    </>
  )
  return place === undefined || !isId(id) ? (
    <span title={id}>{name}</span>
  ) : (
    <Link href={`/${place}/${id}`} title={id}>
      {name}
    </Link>
  )
}
