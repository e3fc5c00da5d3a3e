/** Dead letters: messages that were given up, with why, and how to bring them once more. */
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { DeadLetterSummary } from "@dueline/contracts/api/DeadLetterEndpoints"
import { DeadLetterState } from "@dueline/contracts/ports/DeadLetters"
import { usePages } from "../backend/usePages.ts"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { type Filter, Filters, filterWords, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago } from "../time/Time.tsx"

const filters: ReadonlyArray<Filter> = [
  { name: "state", label: "State", oneOf: DeadLetterState.literals },
  { name: "group", label: "Given up by", type: "text", hint: "outbox" },
  { name: "topic", label: "Topic", type: "text", hint: "ops.order.scheduled" },
  { name: "reason", label: "Reason contains", type: "text" },
  { name: "from", label: "Given up from", type: "time" },
  { name: "to", label: "Given up before", type: "time" }
]

const columns: readonly [Column<DeadLetterSummary>, ...ReadonlyArray<Column<DeadLetterSummary>>] = [
  { head: "Topic", cell: ({ topic }) => <code>{topic}</code> },
  { head: "State", cell: ({ state }) => <Status of={state} /> },
  { head: "Given up by", cell: ({ group }) => group },
  { head: "Reason", as: "wide", cell: ({ reason }) => reason },
  { head: "Attempts", as: "number", cell: ({ failures }) => failures },
  { head: "Given up", cell: ({ diedAt }) => <Ago at={diedAt} /> }
]

export const LettersScreen = () => {
  const [values, set] = useFilters(filters)
  const pages = usePages(JSON.stringify(values), (api, page) =>
    api["dead-letters"].list({ query: { ...page, ...values } as never })
  )
  const { state: _state, ...chosen } = values
  return (
    <Screen
      title="Dead letters"
      actions={
        <>
          <Freshness asked={pages} />
          <BulkButton
            filter={chosen as BulkFilter}
            words={filterWords(filters, chosen)}
            actions={["replay-dead-letters"]}
          />
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Dead letters, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/dead-letters/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None: every message was delivered, and everything that came in could be dealt with.</p>}
      />
    </Screen>
  )
}
