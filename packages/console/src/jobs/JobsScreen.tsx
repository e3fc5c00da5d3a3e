/** Jobs: what was done to many at once, by whom, and how far each is. */
import { BulkJobStatus } from "@dueline/contracts/bulkJob/BulkJob"
import type { BulkJobView } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { usePages } from "../backend/usePages.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"
import { actionWords, filterText, itemsOf } from "./jobWords.ts"
import { Progress } from "./Progress.tsx"

const filters: ReadonlyArray<Filter> = [{ name: "status", label: "State", oneOf: BulkJobStatus.literals }]

const columns: readonly [Column<BulkJobView>, ...ReadonlyArray<Column<BulkJobView>>] = [
  { head: "What", cell: ({ action, plan }) => `${actionWords[action]} ${itemsOf(action, plan.count)}` },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Progress", cell: (job) => <Progress job={job} /> },
  { head: "Those that fit", as: "wide", cell: ({ filter }) => <span className="faint">{filterText(filter)}</span> },
  { head: "By", cell: ({ startedBy }) => startedBy },
  { head: "Started", cell: ({ createdAt }) => <Ago at={createdAt} /> }
]

export const JobsScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ jobs }, page) =>
    jobs.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen title="Jobs" actions={<Freshness asked={pages} />}>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Jobs, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/jobs/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={
          <p>Nothing was done to many at once yet. “Bulk action…” above a list of calls or dead letters begins one.</p>
        }
      />
    </Screen>
  )
}
