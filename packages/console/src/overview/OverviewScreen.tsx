/** Is it on fire? Everything that somebody who was woken has to know, without scrolling; each number leads to what it counts. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Rejection"
import type { ReactNode } from "react"
import { Link } from "wouter"
import { useAnswer } from "../backend/useAnswer.ts"
import { reasonWords } from "../calls/callWords.ts"
import { Section } from "../parts/Facts.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { Ago, span, Time } from "../time/Time.tsx"
import { Minutes } from "./Minutes.tsx"
import { alarmsOf } from "./alarms.ts"

const lookMs = 5_000

const number = (count: number, more = false): string => `${count.toLocaleString("en")}${more ? "+" : ""}`

interface TileProps {
  readonly href: string
  readonly name: string
  readonly value: string
  readonly calm: boolean
  readonly children: ReactNode
}

const Tile = ({ calm, children, href, name, value }: TileProps) => (
  <Link href={href} className={calm ? "tile" : "tile alarmed"}>
    <span>{name}</span>
    <b>{value}</b>
    <span className="faint">{children}</span>
  </Link>
)

const Oldest = ({ at, none }: { readonly at: string | null; readonly none: string }) =>
  at === null ? (
    none
  ) : (
    <>
      the oldest <Ago at={at} />
    </>
  )

const Tiles = ({
  overview: { calls, circuits, deadLetters, ingestion, lastHour, overdue }
}: {
  overview: Overview
}) => (
  <div className="tiles">
    <Tile
      href={overdue.oldest === null ? "/calls?status=Scheduled" : `/calls/${overdue.oldest.id}`}
      name="Overdue"
      value={number(overdue.count, overdue.more)}
      calm={overdue.count === 0}
    >
      {overdue.oldest === null ? "all in time" : `the oldest by ${span(overdue.oldest.lateMs)}`}
    </Tile>
    <Tile
      href="/calls?status=Failed"
      name="Failed, last hour"
      value={number(lastHour.failed)}
      calm={lastHour.failed === 0}
    >
      {number(lastHour.attemptsFailed)} attempts failed
    </Tile>
    <Tile
      href="/dead-letters?state=Waiting"
      name="Dead letters"
      value={number(deadLetters.count, deadLetters.more)}
      calm={deadLetters.count === 0}
    >
      <Oldest at={deadLetters.oldestAt} none="none waits" />
    </Tile>
    <Tile
      href="/ingestion?status=Received"
      name="Ingestion waiting"
      value={number(ingestion.count, ingestion.more)}
      calm={ingestion.count === 0}
    >
      <Oldest at={ingestion.oldestAt} none="nothing waits" />
    </Tile>
    <Tile
      href="/calls?status=Scheduled"
      name="Open circuits"
      value={number(circuits.length)}
      calm={circuits.length === 0}
    >
      {circuits[0]?.target ?? "every target is called"}
    </Tile>
    <Tile href="/calls?status=Running" name="Running" value={number(calls.Running)} calm>
      {number(lastHour.succeeded)} succeeded, last hour
    </Tile>
  </div>
)

const Failures = ({ failures }: { readonly failures: Overview["lastHour"]["failures"] }) =>
  failures.length === 0 ? (
    <p className="empty">No call failed for good in the last hour.</p>
  ) : (
    <div className="scroll">
      <table aria-label="Failures of the last hour">
        <thead>
          <tr>
            <th scope="col">Target</th>
            <th scope="col" className="wide">
              Why
            </th>
            <th scope="col" className="number">
              Calls
            </th>
          </tr>
        </thead>
        <tbody>
          {failures.slice(0, 8).map(({ count, reason, target }) => (
            <tr key={`${target} ${reason}`}>
              <td>
                {target === "" ? (
                  "others"
                ) : (
                  <Link href={`/calls?status=Failed&q=${encodeURIComponent(target)}`}>{target}</Link>
                )}
              </td>
              <td className="wide">{reasonWords(reason)}</td>
              <td className="number">{number(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )

const Calls = ({ calls, countedUntil }: Pick<Overview, "calls" | "countedUntil">) => (
  <>
    <ul className="states">
      {ServiceCallStatus.literals.map((status) => (
        <li key={status}>
          <Link href={`/calls?status=${status}`}>
            <Status of={status} /> <b>{number(calls[status])}</b>
          </Link>
        </li>
      ))}
    </ul>
    <p className="faint">
      As of <Time at={countedUntil} />.
    </p>
  </>
)

const Circuits = ({ circuits }: { readonly circuits: Overview["circuits"] }) =>
  circuits.length === 0 ? null : (
    <Section title="Targets that are left alone for now">
      <ul>
        {circuits.map(({ openUntil, target, tenantId }) => (
          <li key={`${tenantId} ${target}`}>
            <Status of="open" words={target} tone="warn" /> until <Time at={openUntil} />
          </li>
        ))}
      </ul>
    </Section>
  )

export const OverviewScreen = () => {
  const answer = useAnswer("overview", (api) => api.overview.get({ query: {} }), lookMs)
  const alarms = answer.value === null ? [] : alarmsOf(answer.value)
  return (
    <Screen
      title="Overview"
      alarm={alarms[0] ?? null}
      aside={
        answer.value === null ? null : alarms.length === 0 ? (
          <Status of="ok" words="All is well" />
        ) : (
          <Status of="alarm" words={alarms.join(", ")} tone="bad" />
        )
      }
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {(overview) => (
          <>
            <Tiles overview={overview} />
            <Section title="The last hour, minute by minute">
              <Minutes minutes={overview.lastHour.minutes} />
            </Section>
            <Section title="What failed, and where">
              <Failures failures={overview.lastHour.failures} />
            </Section>
            <Circuits circuits={overview.circuits} />
            <Section title="Calls">
              <Calls calls={overview.calls} countedUntil={overview.countedUntil} />
            </Section>
          </>
        )}
      </Answered>
    </Screen>
  )
}
