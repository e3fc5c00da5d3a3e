/**
 * Dead letters: messages that were given up, with why, and how to bring them once more; and one of them, the message and why each attempt failed.
 */
import type { DeadLetterSummary } from "@dueline/contracts/api/DeadLetterEndpoints"
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { type DeadLetterId, DeadLetterState } from "@dueline/contracts/ports/DeadLetters"
import { useLocation } from "wouter"
import { useAct, useAnswer, usePages } from "../backend/asking.ts"
import { useMay } from "../backend/session.ts"
import { BulkButton } from "../jobs/BulkButton.tsx"
import { About } from "../parts/Events.tsx"
import { Facts, Json, Section } from "../parts/Facts.tsx"
import { type Filter, Filters, filterWords, useFilters } from "../parts/Filters.tsx"
import { type Column, Rows } from "../parts/Rows.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { Ago, Time } from "../time/Time.tsx"

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

/** One dead letter: the message, why each attempt failed, and its replay. */
const Replay = ({ id, waits }: { readonly id: DeadLetterId; readonly waits: boolean }) => {
  const { act, busy, trouble } = useAct()
  const [, go] = useLocation()
  const may = useMay("ops:dead-letters.write")
  const replay = () =>
    act(
      (api) => api["dead-letters"].replay({ params: { id } }),
      ({ body }) => go(`/jobs/${body.id}`)
    )
  const why = may ? (waits ? "" : "It does not wait: it was replayed") : "Needs the permission ops:dead-letters.write"
  return (
    <>
      {trouble === null ? null : <TroubleNote trouble={trouble} />}
      <div className="actions">
        <button type="button" className="main" disabled={busy || why !== ""} title={why} onClick={replay}>
          Replay
        </button>
        <span className="faint">It is brought once more to whoever gave it up, and to nobody else.</span>
      </div>
    </>
  )
}

/** Of what a topic tells; null where that has no screen of its own. */
const kindOf = (topic: string): string | null => {
  if (topic.startsWith("ops.service.order.")) return "order"
  const [, kind = ""] = /^ops\.(bin|customer|ingestion|schedule|subscription)\./u.exec(topic) ?? []
  return kind === "" ? null : kind
}

export const LetterScreen = ({ id }: { readonly id: string }) => {
  const letterId = id as DeadLetterId
  const answer = useAnswer(id, (api) => api["dead-letters"].get({ params: { id: letterId } }))
  const letter = answer.value
  return (
    <Screen
      title={letter === null ? "Dead letter" : letter.topic}
      aside={letter === null ? null : <Status of={letter.state} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(found) => (
          <>
            <p className="lead">
              Given up by {found.group} after {found.failures} failed {found.failures === 1 ? "attempt" : "attempts"}:{" "}
              {found.reason}
            </p>
            <Replay id={letterId} waits={found.state === "Waiting"} />
            <Facts
              of={[
                ["Given up", <Time key="died" at={found.diedAt} />],
                ["About", <About key="about" kind={kindOf(found.topic)} id={found.streamId} />],
                ["Event", <code key="event">{found.eventId}</code>],
                ["Replayed", found.replays === 0 ? "never" : found.replays === 1 ? "once" : `${found.replays} times`],
                ["Last replay", <Time key="replayed" at={found.replayedAt} />]
              ]}
            />
            <Section title="Attempts">
              <ol className="attempts">
                {found.attempts.toReversed().map(({ at, error }, n) => (
                  <li key={`${n} ${at}`}>
                    {at === null ? null : <Time at={at} />}
                    <p>{error}</p>
                  </li>
                ))}
              </ol>
            </Section>
            <Section title="Message">
              <Json of={found.payload} />
            </Section>
          </>
        )}
      </Answered>
    </Screen>
  )
}
