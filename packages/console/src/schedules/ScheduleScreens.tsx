/**
 * Schedules: calls that come again, and when each comes next; and one of them: its rule, its next times on both clocks, and times that passed
 * without a call.
 */
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { type ScheduleId, ScheduleStatus } from "@dueline/contracts/schedule/Schedule"
import type { ScheduleView } from "@dueline/contracts/schedule/ScheduleBodies"
import { Effect } from "effect"
import { Link } from "wouter"
import { useAnswer, usePages } from "../backend/asking.ts"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { Actions, headersFor } from "../parts/Actions.tsx"
import { Facts, Json, Section } from "../parts/Facts.tsx"
import { TimeField } from "../parts/Fields.tsx"
import { type Filter, Filters, useFilters } from "../parts/Filters.tsx"
import { shortId } from "../parts/Named.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { firstUpper, Status } from "../parts/Status.tsx"
import { Ago, lastDay, lasted, Time, useTypedRange } from "../time/Time.tsx"
import { durationWords, formatTime } from "../time/zone.ts"
import { NextTimes } from "./NextTimes.tsx"
import { missedWords, missingWords, overlapWords, repeatedWords, ruleWords } from "./scheduleWords.ts"

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

/** One schedule: its rule, its next times on both clocks with the changes of clocks between them, and its last call. */
const lookMs = 10_000

const Next = ({ id, version }: { readonly id: ScheduleId; readonly version: number }) => {
  const answer = useAnswer(`${id} ${version}`, ({ schedules }) =>
    schedules.preview({ params: { id }, query: { count: 10 } })
  )
  return <Answered answer={answer}>{(preview) => <NextTimes preview={preview} />}</Answered>
}

const ScheduleActions = ({ changed, schedule }: { schedule: ScheduleView; changed: () => void }) => {
  const about = { params: { id: schedule.id }, headers: headersFor(schedule) }
  const gone = schedule.status === "Deleted" ? "It is deleted" : null
  return (
    <Actions
      scope="ops:schedules.write"
      changed={changed}
      of={[
        {
          label: "Run now",
          why: gone,
          ask: { text: "One call is made now, whatever the rule and the policies say." },
          question: ({ schedules }) => schedules.run(about),
          done: "A call is made"
        },
        {
          label: "Pause",
          why: gone ?? (schedule.status === "Active" ? null : "It is not active"),
          ask: { text: "No call is made until it is resumed; times that come meanwhile are left out." },
          question: ({ schedules }) => schedules.pause({ ...about, payload: { reason: "paused in the console" } }),
          done: "Paused"
        },
        {
          label: "Resume",
          why: gone ?? (schedule.status === "Paused" ? null : "It is not paused"),
          ask: null,
          question: ({ schedules }) => schedules.resume(about),
          done: "Goes on"
        },
        {
          label: "Delete",
          why: gone,
          ask: { text: "For good, and its request is erased. Calls that were made of it stay.", danger: true },
          question: ({ schedules }) => schedules.remove(about),
          done: "Deleted"
        }
      ]}
    >
      <Link href={`/schedules/${schedule.id}/edit`} className="button">
        Edit
      </Link>
    </Actions>
  )
}

const Details = ({ schedule }: { readonly schedule: ScheduleView }) => (
  <Facts
    of={[
      ["While the call before goes on", overlapWords(schedule)],
      ["A time that clocks pass over", missingWords(schedule)],
      ["A time that clocks show twice", repeatedWords(schedule)],
      ["Times that were missed", missedWords(schedule)],
      ["Spread", durationWords(schedule.jitter)],
      ["Calls made", schedule.fired],
      ["Waiting for the call before", schedule.waiting],
      ["Time-out", lasted(schedule.timeoutMs)],
      [
        "Last call",
        schedule.last === null ? null : (
          <Link key="last" href={`/calls/${schedule.last.callId}`}>
            <Ago at={schedule.last.firedAt} />
          </Link>
        )
      ],
      [
        "Left out last",
        schedule.lastSkip === null ? null : (
          <span key="skip">
            {schedule.lastSkip.count ?? "many"} as {schedule.lastSkip.reason}, <Ago at={schedule.lastSkip.last} />
          </span>
        )
      ],
      ["From", <Time key="from" at={schedule.from} />],
      ["Until", <Time key="until" at={schedule.until} />]
    ]}
  />
)

export const ScheduleScreen = ({ id }: { readonly id: string }) => {
  const scheduleId = id as ScheduleId
  const answer = useAnswer(
    id,
    ({ schedules }) =>
      Effect.map(schedules.get({ params: { id: scheduleId }, query: {}, headers: {} }), ({ body }) => body ?? null),
    lookMs
  )
  const schedule = answer.value
  return (
    <Screen
      title={schedule?.name ?? "Schedule"}
      aside={schedule === null ? null : <Status of={schedule.status} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) =>
          found === null ? null : (
            <>
              <p className="lead">
                {firstUpper(ruleWords(found))}. {found.pausedReason === null ? null : `Paused: ${found.pausedReason}. `}
                {found.next === null ? (
                  "No next time."
                ) : (
                  <>
                    Next <Ago at={found.next.at} />.
                  </>
                )}
              </p>
              <ScheduleActions schedule={found} changed={answer.again} />
              <Section title="Next times">
                <Next id={scheduleId} version={found.version} />
              </Section>
              <Section title="Times that passed without a call">
                <Backfill schedule={found} />
              </Section>
              <Section title="What it does">
                <Details schedule={found} />
                <p>
                  <span className="method">{found.request.method}</span>{" "}
                  <code className="url">{found.request.url}</code>
                </p>
                {found.request.bodySnippet === null ? null : <Json of={found.request.bodySnippet} />}
                <p>
                  <Link href={`/calls?tag=${encodeURIComponent(`schedule:${found.id}`)}`}>Its calls</Link>
                </p>
              </Section>
            </>
          )
        }
      </Answered>
    </Screen>
  )
}

/** Times of a schedule that passed without a call: counted by a plan, and called after all by a job. */
export const Backfill = ({ schedule }: { readonly schedule: ScheduleView }) => {
  const { begins, ends, from, instants, to, zone } = useTypedRange(lastDay)
  // Without both ends there is no filter, and hence nothing to be planned.
  const filter = (begins < ends ? { schedule: schedule.id, ...instants() } : {}) as BulkFilter
  return (
    <div className="filters">
      <TimeField label={`From, in ${zone}`} {...from} />
      <TimeField label="Until" {...to} />
      <BulkButton
        label="Call after all"
        filter={filter}
        words={
          begins < ends
            ? [`Times of ${schedule.name ?? schedule.id}`, `${formatTime(begins, zone)} to ${formatTime(ends, zone)}`]
            : []
        }
        actions={["backfill-schedule"]}
      />
    </div>
  )
}
