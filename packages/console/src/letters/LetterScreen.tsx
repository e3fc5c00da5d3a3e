/** One dead letter: the message, why each attempt failed, and its replay. */
import type { DeadLetterId } from "@dueline/contracts/ports/DeadLetters"
import { useLocation } from "wouter"
import { useAct } from "../backend/useAct.ts"
import { useAnswer } from "../backend/useAnswer.ts"
import { About } from "../parts/About.tsx"
import { Facts, Json, Section } from "../parts/Facts.tsx"
import { Answered, Freshness, Screen } from "../parts/Screen.tsx"
import { Status } from "../parts/Status.tsx"
import { TroubleNote } from "../parts/TroubleNote.tsx"
import { useMay } from "../parts/useMay.ts"
import { Time } from "../time/Time.tsx"

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
