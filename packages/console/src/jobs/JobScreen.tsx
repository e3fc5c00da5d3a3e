/** One job: how far it is, what became of each item, and how to hold it. */
import { type BulkJobId, BulkJobStatus } from "@dueline/contracts/bulkJob/BulkJob"
import { type BulkJobItem, type BulkJobView, ItemOutcome } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { Effect } from "effect"
import { useAnswer } from "../backend/useAnswer.ts"
import { usePages } from "../backend/usePages.ts"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { Facts, Section } from "../parts/Facts.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Time } from "../time/Time.tsx"
import { actionWords, filterText, itemsOf } from "./jobWords.ts"
import { Progress } from "./Progress.tsx"

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

const filters: ReadonlyArray<Filter> = [{ name: "outcome", label: "Outcome", oneOf: ItemOutcome.literals }]

const columns: readonly [Column<BulkJobItem>, ...ReadonlyArray<Column<BulkJobItem>>] = [
  { head: "Item", cell: ({ id }) => <code>{id}</code> },
  { head: "Outcome", cell: ({ outcome }) => <Status of={outcome} /> },
  { head: "Why", as: "wide", cell: ({ detail }) => detail ?? <span className="faint">–</span> }
]

const Items = ({ job }: { readonly job: BulkJobView }) => {
  const [values, set] = useFilters(filters)
  const dealt = job.progress.done + job.progress.failed + job.progress.skipped
  const pages = usePages(`${dealt} ${JSON.stringify(values)}`, ({ jobs }, page) =>
    jobs.items({ params: { id: job.id }, query: { ...page, ...values } as never })
  )
  return (
    <>
      <Filters filters={filters} values={values} set={set} />
      <Rows
        label="Items of the job"
        pages={pages}
        columns={columns}
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
