/** The process that answers: what it is, since when, and whether what it depends on is there. */
import { useAnswer } from "../backend/asking.ts"
import { Facts, Section } from "../parts/Facts.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { useMay } from "../backend/session.ts"
import { span } from "../time/zone.ts"
import { lasted, Time } from "../time/Time.tsx"

const lookMs = 5_000

const sinceOf = (oldestAt: string | null | undefined, now: string): number | null =>
  oldestAt === null || oldestAt === undefined ? null : Math.max(0, Date.parse(now) - Date.parse(oldestAt))

/** What only one process does at a time, which processes are seen from the one that answers, and what waits for whom. */
const Processes = () => {
  const answer = useAnswer("overview", (api) => api.overview.get({ query: {} }), lookMs)
  const waited = (millis: number | null) => (millis === null ? "nothing waits" : `the oldest for ${lasted(millis)}`)
  return (
    <Answered answer={answer}>
      {({ at, behind, leaders, loops, processes }) => (
        <>
          <Section title="Processes">
            <ul>
              {processes.map(({ id, roles }) => (
                <li key={id}>
                  <code>{id}</code> {roles.join(", ")}
                </li>
              ))}
            </ul>
          </Section>
          <Section title="Work">
            <Facts
              of={[
                ["Messages for the bus", waited(loops.outbox)],
                ["Times of schedules", waited(loops.schedules)],
                ["Jobs", waited(loops.jobs)],
                ["Events to be sealed", waited(sinceOf(behind?.sealing.oldestAt, at))],
                ["Events to be counted", waited(sinceOf(behind?.counting.oldestAt, at))],
                ...leaders.map(({ process, work }) => [`Who does ${work}`, <code key={work}>{process}</code>] as const)
              ]}
            />
          </Section>
        </>
      )}
    </Answered>
  )
}

export const SystemScreen = () => {
  const seesAll = useMay("ops:overview.read")
  const answer = useAnswer("health", ({ system }) => system.health(), lookMs)
  return (
    <Screen
      title="System"
      aside={answer.value === null ? null : <Status of={answer.value.status} />}
      actions={<Freshness asked={answer} />}
    >
      <Answered answer={answer}>
        {({ dependencies, phase, startedAt, uptimeMs, version }) => (
          <>
            <Facts
              of={[
                ["Phase", <Status key="phase" of={phase} />],
                ["Version", version],
                ["Started", <Time key="started" at={startedAt} />],
                ["Up for", span(uptimeMs)],
                [
                  "Documentation of the API",
                  <a key="docs" href="/docs">
                    /docs
                  </a>
                ],
                [
                  "Metrics",
                  <a key="metrics" href="/metrics">
                    /metrics
                  </a>
                ]
              ]}
            />
            <Section title="What it depends on">
              <div className="scroll">
                <table aria-label="Dependencies">
                  <thead>
                    <tr>
                      <th scope="col">Name</th>
                      <th scope="col">State</th>
                      <th scope="col">Answered in</th>
                      <th scope="col" className="wide">
                        Why not
                      </th>
                    </tr>
                  </thead>
                  <tbody>
                    {dependencies.map(({ durationMs, name, needed, reason, status }) => (
                      <tr key={name}>
                        <td>
                          {name} {needed ? "" : <span className="faint">not needed</span>}
                        </td>
                        <td>
                          <Status of={status} />
                        </td>
                        <td>{lasted(Math.round(durationMs))}</td>
                        <td className="wide">{reason ?? "–"}</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
            </Section>
          </>
        )}
      </Answered>
      {seesAll ? <Processes /> : null}
    </Screen>
  )
}
