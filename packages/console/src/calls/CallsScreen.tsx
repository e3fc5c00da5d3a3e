/** All calls that fit the filters in the address, newest first. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import type { ServiceCallSummary } from "@dueline/contracts/api/ServiceCallView"
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { useEffect, useMemo, useState } from "react"
import { rowsKept, useAnswer, usePages } from "../backend/asking.ts"
import { useMay } from "../backend/session.ts"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { Live, useCallNews } from "../live/callNews.tsx"
import { type Filter, Filters, filterWords, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, Time } from "../time/Time.tsx"
import { reasonWords, resultWords, targetOf } from "./callWords.ts"
import { foldNews, tagsOf } from "./foldNews.ts"

const filters: ReadonlyArray<Filter> = [
  { name: "status", label: "State", oneOf: ServiceCallStatus.literals },
  { name: "q", label: "URL contains", type: "text", hint: "api.example.com" },
  { name: "tag", label: "Tag", type: "text", hint: "invoice:42" },
  { name: "dueFrom", label: "Due from", type: "time" },
  { name: "dueTo", label: "Due before", type: "time" }
]

const columns: readonly [Column<ServiceCallSummary>, ...ReadonlyArray<Column<ServiceCallSummary>>] = [
  {
    head: "Request",
    as: "wide",
    cell: ({ request }) => (
      <>
        <span className="method">{request.method}</span> <span className="url">{request.url}</span>
      </>
    ),
    beside: ({ tags }) =>
      tags.length === 0 ? null : (
        <span className="tags">
          {tags.map((tag) => (
            <code key={tag}>{tag}</code>
          ))}
        </span>
      )
  },
  { head: "State", cell: ({ status }) => <Status of={status} /> },
  { head: "Last result", cell: (call) => resultWords(call) || <span className="faint">–</span> },
  { head: "Attempts", as: "number", cell: ({ attempt }) => attempt },
  { head: "Due", cell: ({ dueAt }) => <Time at={dueAt} /> },
  { head: "Changed", cell: ({ updatedAt }) => <Ago at={updatedAt} /> }
]

/** The same choice as the plan of a job takes it. */
const bulkFilterOf = ({ tag, ...others }: Readonly<Record<string, string>>): BulkFilter =>
  ({ ...others, ...(tag === undefined ? {} : { tags: tagsOf(tag) }) }) as BulkFilter

/** The most frequent first. */
const counted = (names: ReadonlyArray<string>): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)
}

const knownTargets = new WeakMap<ServiceCallSummary, string>()

/** Found once for each row: a list changes often, and most of its rows do not. */
const targetOfRow = (call: ServiceCallSummary): string => {
  const known = knownTargets.get(call)
  if (known !== undefined) return known
  const target = targetOf(call.request.url)
  knownTargets.set(call, target)
  return target
}

/** What the rows that are shown have in common, one press away from those alone. */
const Groups = ({ rows, choose }: { rows: ReadonlyArray<ServiceCallSummary>; choose: (target: string) => void }) => {
  const targets = useMemo(() => counted(rows.map(targetOfRow)).slice(0, 6), [rows])
  const reasons = useMemo(() => counted(rows.flatMap((call) => resultWords(call) || [])).slice(0, 6), [rows])
  if (rows.length === 0) return null
  return (
    <div className="groups">
      <span className="faint">Of those shown, by target</span>
      {targets.map(([name, count]) => (
        <button type="button" key={name} className="chip" onClick={() => choose(name)}>
          {name} <b>{count}</b>
        </button>
      ))}
      {reasons.length === 0 ? null : <span className="faint">by result</span>}
      {reasons.map(([name, count]) => (
        <span key={name} className="chip">
          {name} <b>{count}</b>
        </span>
      ))}
    </div>
  )
}

/** New calls wait to be shown while somebody reads further down or stands on a row: nothing moves under their hand. */
const isReading = (): boolean => window.scrollY > 80 || document.activeElement?.closest("tbody") !== null

export const CallsScreen = () => {
  const [values, set] = useFilters(filters)
  const { tag, ...others } = values
  const pages = usePages(JSON.stringify(values), ({ serviceCalls }, page) =>
    serviceCalls.list({ query: { ...page, ...others, ...(tag === undefined ? {} : { tag: tagsOf(tag) }) } as never })
  )
  const [held, setHeld] = useState<ReadonlyArray<ServiceCallSummary>>([])
  const [missed, setMissed] = useState(false)
  const key = JSON.stringify(values)
  useEffect(() => {
    setHeld([])
    setMissed(false)
  }, [key, pages.at])
  const show = (fresh: ReadonlyArray<ServiceCallSummary>) => {
    pages.change((rows) => [...fresh, ...rows])
    setHeld([])
  }
  useCallNews({
    missed: () => (isReading() ? setMissed(true) : pages.again()),
    changed: (calls) => {
      const { fresh, rows } = foldNews([...held, ...pages.rows], calls, values, !pages.more)
      const waiting = rows.slice(0, held.length)
      pages.change(() => rows.slice(held.length))
      if (isReading()) setHeld([...fresh, ...waiting].slice(0, rowsKept))
      else if (fresh.length > 0 || waiting.length > 0) show([...fresh, ...waiting])
    }
  })
  return (
    <Screen
      title="Calls"
      aside={<Live />}
      actions={
        <>
          <Freshness asked={pages} />
          <BulkButton
            filter={bulkFilterOf(values)}
            words={filterWords(filters, values)}
            actions={["run-calls", "move-calls", "cancel-calls"]}
          />
        </>
      }
    >
      <Filters filters={filters} values={values} set={set} />
      {values["status"] === "Failed" && Object.keys(values).length === 1 ? (
        <FailedGroups choose={(target) => set("q", target)} />
      ) : null}
      <Groups rows={pages.rows} choose={(target) => set("q", target)} />
      {held.length === 0 ? null : (
        <button type="button" className="fresh-rows" onClick={() => show(held)}>
          {held.length} new: show
        </button>
      )}
      {missed ? (
        <button type="button" className="fresh-rows" onClick={pages.again}>
          More has happened than is shown: read again
        </button>
      ) : null}
      <Rows
        label="Calls, newest first"
        pages={pages}
        columns={columns}
        keyOf={({ id }) => id}
        href={({ id }) => `/calls/${id}`}
        filtered={Object.keys(values).length > 0}
        nothing={
          <>
            <p>No call was submitted yet. Try one:</p>
            <pre>npm run dueline call submit -- --url https://example.com --delay 3s</pre>
          </>
        }
      />
    </Screen>
  )
}

/** What failed in the last hour, by reason and then by target, as the overview counts it: the whole of it, whatever the list below has read. */
const lookMs = 15_000
const targetsShown = 8

type Failures = Overview["lastHour"]["failures"]

/** The most frequent reason first, and in it the most frequent target. Pure. */
export const groupsOf = (failures: Failures) => {
  const groups = new Map<string, { count: number; targets: Array<{ target: string; count: number }> }>()
  for (const { count, reason, target } of failures) {
    const group = groups.get(reason) ?? { count: 0, targets: [] }
    group.count += count
    group.targets.push({ target, count })
    groups.set(reason, group)
  }
  return [...groups]
    .map(([reason, { count, targets }]) => ({ reason, count, targets: targets.sort((a, b) => b.count - a.count) }))
    .sort((a, b) => b.count - a.count)
}

const LastHour = ({ choose }: { readonly choose: (target: string) => void }) => {
  const answer = useAnswer("failed", (api) => api.overview.get({ query: {} }), lookMs)
  const groups = groupsOf(answer.value?.lastHour.failures ?? [])
  if (groups.length === 0) return null
  return (
    <section aria-label="Failed in the last hour, by reason and target">
      {groups.map(({ count, reason, targets }) => (
        <div key={reason} className="groups">
          <span>
            {reason === "" ? "others" : reasonWords(reason)} <b>{count}</b> in the last hour
          </span>
          {targets.slice(0, targetsShown).map(({ count: ofTarget, target }) =>
            target === "" ? null : (
              <button type="button" key={target} className="chip" onClick={() => choose(target)}>
                {target} <b>{ofTarget}</b>
              </button>
            )
          )}
        </div>
      ))}
    </section>
  )
}

export const FailedGroups = ({ choose }: { readonly choose: (target: string) => void }) =>
  useMay("ops:overview.read") ? <LastHour choose={choose} /> : null
