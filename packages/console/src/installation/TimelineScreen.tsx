/** Everything that one cause brought about, oldest first. */
import type { TimelineEvent } from "@dueline/contracts/api/TimelineEndpoints"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { Link } from "wouter"
import { usePages } from "../backend/usePages.ts"
import { Events } from "../parts/Events.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"

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

const About = ({ event: { category, id } }: { readonly event: TimelineEvent }) => {
  const place = places[category]
  const name = `${category} ${id.slice(0, 8)}`
  return place === undefined ? <span>{name}</span> : <Link href={`/${place}/${id}`}>{name}</Link>
}

const aboutOf = (event: TimelineEvent) => <About event={event} />

export const TimelineScreen = ({ id }: { readonly id: string }) => {
  const pages = usePages(
    id,
    ({ timeline }, page) => timeline.read({ query: { ...page, correlation: id as CorrelationId } }),
    100
  )
  return (
    <Screen title={`Timeline of ${id}`} actions={<Freshness asked={pages} />}>
      {pages.trouble === null ? null : <TroubleNote trouble={pages.trouble} again={pages.again} />}
      {pages.rows.length === 0 && pages.asking ? <p className="faint">Reading…</p> : null}
      {pages.rows.length === 0 && !pages.asking && pages.trouble === null ? (
        <p className="empty">Nothing is known under this correlation id in this tenant.</p>
      ) : null}
      <Events of={pages.rows} about={aboutOf} />
      {pages.more ? (
        <button type="button" onClick={pages.further} disabled={pages.asking}>
          Show more
        </button>
      ) : null}
    </Screen>
  )
}
