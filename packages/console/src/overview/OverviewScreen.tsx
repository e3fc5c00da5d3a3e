/** Is it on fire? Everything that somebody who was woken has to know, without scrolling; each number leads to what it counts. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import type { ReactNode } from "react"
import { Link } from "wouter"
import { useAnswer } from "../backend/asking.ts"
import { reasonWords } from "../calls/callWords.ts"
import { Section } from "../parts/Facts.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { span } from "../time/zone.ts"
import { Ago, Time } from "../time/Time.tsx"
import { Minutes } from "./Minutes.tsx"
import { alarmsOf, isLate, stillFailed } from "./alarms.ts"

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
      oldest <Ago at={at} />
    </>
  )

const callsTo = (target: string, status: string): string => `/calls?status=${status}&q=${encodeURIComponent(target)}`

const Tiles = ({
  overview: { at, calls, circuits, deadLetters, ingestion, lastHour, overdue }
}: {
  overview: Overview
}) => (
  <div className="tiles">
    <Tile
      href={`/calls?status=Scheduled&dueTo=${at}`}
      name="Overdue"
      value={number(overdue.count, overdue.more)}
      calm={!isLate({ overdue })}
    >
      {overdue.oldest === null ? "all in time" : `oldest by ${span(overdue.oldest.lateMs)}`}
    </Tile>
    <Tile
      href="/calls?status=Failed"
      name="Failed, last hour"
      value={number(lastHour.failed)}
      calm={stillFailed({ calls, lastHour }) === 0}
    >
      {calls.Failed < lastHour.failed
        ? `${number(calls.Failed)} of them still are`
        : `${number(lastHour.attemptsFailed)} attempts failed`}
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
      href={circuits[0] === undefined ? "/calls?status=Scheduled" : callsTo(circuits[0].target, "Scheduled")}
      name="Open circuits"
      value={number(circuits.length)}
      calm={circuits.length === 0}
    >
      {circuits[0]?.target ?? "every target is called"}
    </Tile>
    <Tile href="/calls?status=Running" name="Running" value={number(calls.Running)} calm>
      {number(lastHour.succeeded)} done in the last hour
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
            <th scope="col" className="number">
              Calls
            </th>
            <th scope="col" className="wide">
              Why
            </th>
          </tr>
        </thead>
        <tbody>
          {failures.slice(0, 8).map(({ count, reason, target }) => (
            <tr key={`${target} ${reason}`}>
              <td>{target === "" ? "others" : <Link href={callsTo(target, "Failed")}>{target}</Link>}</td>
              <td className="number">{number(count)}</td>
              <td className="wide">{reasonWords(reason)}</td>
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

/** Why calls wait although their time has come. */
const Held = ({ circuits, flows = [], pauses }: Pick<Overview, "circuits" | "flows" | "pauses">) =>
  circuits.length === 0 && flows.length === 0 && (pauses?.count ?? 0) === 0 ? null : (
    <Section title="What holds calls back">
      <ul className="plain">
        {pauses === undefined || pauses.count === 0 ? null : (
          <li>
            <Link href="/pauses?status=Active">
              <Status
                of="Paused"
                words={pauses.count === 1 ? "A pause" : `${number(pauses.count, pauses.more)} pauses`}
              />
            </Link>{" "}
            that somebody made{pauses.count === 1 ? "" : ", the oldest"} <Ago at={pauses.oldestAt} />
          </li>
        )}
        {flows.map(({ key, limit, running, tenantId, waiting }) => (
          <li key={`${tenantId} ${key}`}>
            <Link href={`/flows?key=${encodeURIComponent(key)}`}>
              <Status of="waiting" words={`Flow ${key}`} />
            </Link>{" "}
            {number(waiting)} {waiting === 1 ? "call waits" : "calls wait"}, {number(running)}
            {limit === null ? "" : ` of ${number(limit)}`} under way
          </li>
        ))}
        {circuits.map(({ openUntil, target, tenantId }) => (
          <li key={`${tenantId} ${target}`}>
            <Link href={callsTo(target, "Scheduled")}>
              <Status of="open" words={`Circuit of ${target}`} tone="warn" />
            </Link>{" "}
            open, since it failed too often: the next call tries it <Ago at={openUntil} />
          </li>
        ))}
      </ul>
    </Section>
  )

const Health = ({ dependencies, phase }: Pick<Overview, "dependencies" | "phase">) => (
  <ul className="states">
    <li>
      <Link href="/system">
        <Status of={phase} />
      </Link>
    </li>
    {dependencies.map(({ name, reason, status }) => (
      <li key={name}>
        <Link href="/system" title={reason ?? ""}>
          <Status of={status} words={`${name} ${status}`} />
        </Link>
      </li>
    ))}
  </ul>
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
            <div className="beside">
              <Section title="What failed in the last hour, and where">
                <Failures failures={overview.lastHour.failures} />
              </Section>
              <Section title="Minute by minute">
                <Minutes minutes={overview.lastHour.minutes} />
              </Section>
            </div>
            <Held {...overview} />
            <div className="beside">
              <Section title="Calls">
                <Calls calls={overview.calls} countedUntil={overview.countedUntil} />
              </Section>
              <Section title="Program">
                <Health phase={overview.phase} dependencies={overview.dependencies} />
              </Section>
            </div>
          </>
        )}
      </Answered>
    </Screen>
  )
}
