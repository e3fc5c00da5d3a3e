/** Who did what to which resource, and what was refused. */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { type AuditItem, AuditOutcome, type TimelineEvent } from "@dueline/contracts/api/AuditEndpoints"
import { Link } from "wouter"
import { AuditCheck } from "../audit/AuditCheck.tsx"
import { usePages } from "../backend/asking.ts"
import { signInAtom } from "../backend/session.ts"
import { useAtom } from "../backend/useAtom.ts"
import { About, Events } from "../parts/Events.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status, wordsOf } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { Time } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "outcome", label: "Outcome", oneOf: AuditOutcome.literals },
  { name: "actor", label: "Who", type: "text", hint: "alice" },
  { name: "resource", label: "About (id)", type: "text" },
  { name: "correlation", label: "Correlation", type: "text" },
  { name: "from", label: "From", type: "time" },
  { name: "to", label: "Before", type: "time" },
  { name: "order", label: "Order", oneOf: ["asc"], words: { "": "Newest first", asc: "Oldest first" } }
]

const columns: readonly [Column<AuditItem>, ...ReadonlyArray<Column<AuditItem>>] = [
  { head: "When", cell: ({ at }) => <Time at={at} /> },
  { head: "Who", cell: ({ actor }) => `${actor.id}${actor.kind === "user" ? "" : ` (${actor.kind})`}` },
  { head: "What", cell: ({ action }) => (action.includes(".") ? action : wordsOf(action)) },
  {
    head: "Outcome",
    cell: ({ count, outcome }) => <Status of={outcome} words={outcome === "left_out" ? `${count} left out` : outcome} />
  },
  { head: "Why not", cell: ({ code }) => (code === null ? <span className="faint">–</span> : <code>{code}</code>) },
  {
    head: "About",
    as: "wide",
    cell: ({ kind, resource }) =>
      resource === null ? <span className="faint">–</span> : <About kind={kind} id={resource} />
  },
  {
    head: "Correlation",
    cell: ({ correlationId }) => (
      <Link href={`/timeline/${encodeURIComponent(correlationId)}`}>
        <code>{correlationId}</code>
      </Link>
    )
  }
]

export const AuditScreen = () => {
  const [values, set] = useFilters(filters)
  const signIn = useAtom(signInAtom)
  const pages = usePages(JSON.stringify(values), ({ audit }, page) =>
    audit.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Audit" actions={<Freshness asked={pages} />}>
      <p className="faint">
        Sealed and signed. This browser checks that nobody changed it since; <code>dueline audit verify</code> does it
        where the program runs, or from an export.
      </p>
      {signIn.at === "in" && signIn.session.tenant !== null ? <AuditCheck tenant={signIn.session.tenant} /> : null}
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label={`Who did what, ${values["order"] === "asc" ? "oldest" : "newest"} first`}
        pages={pages}
        columns={columns}
        keyOf={({ action, actor, at, correlationId, resource }) =>
          `${at} ${correlationId} ${action} ${resource} ${actor.id}`
        }
        href={null}
        filtered={Object.keys(values).some((name) => name !== "order")}
        nothing={<p>Nothing was done yet.</p>}
      />
    </Screen>
  )
}

/** Everything that one cause brought about, oldest first. */
const aboutOf = ({ category, id }: TimelineEvent) => <About kind={category} id={id} />

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
