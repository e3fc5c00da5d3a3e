/** Schedules: calls that come again, and when each comes next. */
import { ScheduleStatus } from "@dueline/contracts/schedule/Schedule"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { Link } from "wouter"
import { usePages } from "../backend/usePages.ts"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { shortId } from "../parts/ids.ts"
import { Ago } from "../time/Time.tsx"
import { ruleWords } from "./scheduleWords.ts"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: ScheduleStatus.literals },
  { name: "name", label: "Name", type: "text" }
]

const columns: readonly [Column<ScheduleView>, ...ReadonlyArray<Column<ScheduleView>>] = [
  { head: "Schedule", cell: ({ id, name }) => name ?? <code>{shortId(id)}</code> },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Rule", cell: (schedule) => ruleWords(schedule) },
  { head: "Next", cell: ({ next }) => <Ago at={next?.at} /> },
  { head: "Last", cell: ({ last }) => <Ago at={last?.firedAt} /> },
  { head: "Calls", as: "number", cell: ({ fired }) => fired },
  { head: "Request", as: "wide", cell: ({ request }) => `${request.method} ${request.url}` }
]

export const SchedulesScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), ({ schedules }, page) =>
    schedules.list({ query: { ...page, ...values } as never })
  )
  return (
    <Screen
      title="Schedules"
      actions={
        <>
          <Freshness asked={pages} />
          <Link href="/schedules/new" className="button">
            Make a schedule
          </Link>
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Schedules, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/schedules/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={
          <>
            <p>No schedule was made yet. Make one:</p>
            <pre>
              npm run dueline schedule create -- --cron "0 8 * * 1-5" --zone Europe/Prague --url https://example.com
            </pre>
          </>
        }
      />
    </Screen>
  )
}
