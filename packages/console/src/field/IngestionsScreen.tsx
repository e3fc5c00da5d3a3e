/** What came in from couriers and through the drop-bin, accepted and refused alike. */
import { IngestionSource, IngestionStatus } from "@dueline/contracts/ingestion/Ingestion"
import type { IngestionView } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { usePages } from "../backend/usePages.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: IngestionStatus.literals },
  { name: "source", label: "Came by", oneOf: IngestionSource.literals },
  { name: "trackingReference", label: "Tracking reference", type: "text" },
  { name: "eventId", label: "Sender's event id", type: "text" }
]

/** Why it was refused or failed. */
const whyOf = ({ attempts, dropbin, rejection }: IngestionView): string | null =>
  rejection?.advice ?? dropbin?.failure?.detail ?? attempts.at(-1)?.reason ?? null

const columns: readonly [Column<IngestionView>, ...ReadonlyArray<Column<IngestionView>>] = [
  { head: "What", cell: ({ event, source }) => event?.type ?? (source === "dropbin" ? "payload" : "request") },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Reference", cell: ({ dropbin, event }) => event?.trackingReference ?? dropbin?.reference?.uri ?? "–" },
  { head: "Why", as: "wide", cell: (ingestion) => whyOf(ingestion) ?? <span className="faint">–</span> },
  { head: "Bytes", as: "number", cell: ({ bodyBytes }) => bodyBytes },
  { head: "Came in", cell: ({ createdAt }) => <Ago at={createdAt} /> }
]

export const IngestionsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ ingestions }, page) =>
    ingestions.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Ingestion" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="What came in, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/ingestion/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>Nothing came in yet. Couriers send signed events once there is a source for each of them.</p>}
      />
    </Screen>
  )
}
