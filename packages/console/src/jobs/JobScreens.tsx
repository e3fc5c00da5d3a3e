/** Jobs: what was done to many at once, by whom, and how far each is; and one of them, what became of each item, and how to hold it. */
import { type BulkJobId, BulkJobStatus } from "@dueline/contracts/bulkJob/BulkJob"
import {
  type BulkJobItem,
  type BulkJobState,
  type BulkJobView,
  ItemOutcome
} from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { Effect } from "effect"
import { useAnswer, usePages } from "../backend/asking.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { Facts, Section } from "../parts/Facts.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, Time } from "../time/Time.tsx"
import { actionWords, filterText, itemsOf } from "./jobWords.ts"

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

/** A step of a job is a second's worth of items. */
const lookMs = 1_000
const ended: ReadonlyArray<string> = [BulkJobStatus.literals[3], BulkJobStatus.literals[4]]

const JobActions = ({ changed, job }: { readonly job: BulkJobView; readonly changed: () => void }) => {
  const params = { id: job.id }
  const headers = headersFor(job)
  const over = ended.includes(job.status) || job.status === "Aborting" ? "It has ended" : null
  return (
    <Actions
      scope="ops:jobs.write"
      changed={changed}
      of={[
        {
          label: "Pause",
          why: over ?? (job.status === "Paused" ? "It is paused" : null),
          ask: null,
          question: ({ jobs }) => jobs.pause({ params, headers }),
          done: "Paused after the step that was begun"
        },
        {
          label: "Resume",
          why: over ?? (job.status === "Paused" ? null : "It is not paused"),
          ask: null,
          question: ({ jobs }) => jobs.resume({ params, headers }),
          done: "Goes on"
        },
        {
          label: "Abort",
          why: over,
          ask: {
            text: "Nothing more is touched once the step that was begun has ended. It cannot be resumed.",
            danger: true
          },
          question: ({ jobs }) => jobs.abort({ params, headers }),
          done: "Aborted"
        }
      ]}
    />
  )
}

const itemFilters: ReadonlyArray<Filter> = [{ name: "outcome", label: "Outcome", oneOf: ItemOutcome.literals }]

const itemColumns: readonly [Column<BulkJobItem>, ...ReadonlyArray<Column<BulkJobItem>>] = [
  { head: "Item", cell: ({ id }) => <code>{id}</code> },
  { head: "Outcome", cell: ({ outcome }) => <Status of={outcome} /> },
  { head: "Why", as: "wide", cell: ({ detail }) => detail ?? <span className="faint">–</span> }
]

const Items = ({ job }: { readonly job: BulkJobView }) => {
  const [values, set] = useFilters(itemFilters)
  const dealt = job.progress.done + job.progress.failed + job.progress.skipped
  const pages = usePages(`${dealt} ${JSON.stringify(values)}`, ({ jobs }, page) =>
    jobs.items({ params: { id: job.id }, query: { ...page, ...values } as never })
  )
  return (
    <>
      <Filters filters={itemFilters} values={values} set={set} />
      <Rows
        label="Items of the job"
        pages={pages}
        columns={itemColumns}
        keyOf={({ id }) => id}
        href={({ id }) => (job.action === "replay-dead-letters" ? `/dead-letters/${id}` : `/calls/${id}`)}
        filtered={Object.keys(values).length > 0}
        nothing={<p>None was dealt with yet.</p>}
      />
    </>
  )
}

export const JobScreen = ({ id }: { readonly id: string }) => {
  const answer = useAnswer(
    id,
    ({ jobs }) =>
      Effect.map(jobs.get({ params: { id: id as BulkJobId }, query: {}, headers: {} }), ({ body }) => body ?? null),
    lookMs
  )
  const job = answer.value
  return (
    <Screen
      title={job === null ? "Job" : `${actionWords[job.action]} ${itemsOf(job.action, job.plan.count)}`}
      aside={job === null ? null : <Status of={job.status} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <>
              <Progress job={found} />
              <JobActions job={found} changed={answer.again} />
              <Facts
                of={[
                  ["Those that fit", filterText(found.filter) || found.deadLetter],
                  ["Planned", <Time key="planned" at={found.plan.at} />],
                  ["Started", <Time key="started" at={found.createdAt} />],
                  ["By", found.startedBy],
                  ["Ended", <Time key="ended" at={found.endedAt} />],
                  ["At the most", `${found.rate} a second`],
                  ...(found.action === "move-calls"
                    ? [["To", found.moveTo === null ? found.moveBy : <Time key="to" at={found.moveTo} />] as const]
                    : [])
                ]}
              />
              <Section title="Items">
                <Items job={found} />
              </Section>
            </>
          )
        }
      </Answered>
    </Screen>
  )
}

/** How far a job is, as a bar and as numbers. */
export const Progress = ({ job: { plan, progress } }: { readonly job: Pick<BulkJobState, "plan" | "progress"> }) => {
  const dealt = progress.done + progress.failed + progress.skipped
  // More may fit than were counted, when the plan says that it is not exact.
  const all = Math.max(plan.count, dealt)
  return (
    <span className="progress">
      <progress value={dealt} max={Math.max(1, all)} aria-label="Progress" />
      <span>
        {dealt} of {plan.exact ? all : `${all} or more`}
        {progress.failed === 0 ? "" : `, ${progress.failed} failed`}
        {progress.skipped === 0 ? "" : `, ${progress.skipped} left alone`}
      </span>
    </span>
  )
}
