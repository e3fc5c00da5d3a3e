/** Attempts as bars on one axis of time, from the first one's start to the last one's end or to the next one, and each with what came back. */
import type { Attempt } from "@dueline/contracts/api/ServiceCallView"
import { Json } from "../parts/Facts.tsx"
import { Status, toneOf } from "../parts/Status.tsx"
import { useAtom } from "../backend/useAtom.ts"
import { lasted, nowAtom, Time } from "../time/Time.tsx"
import { span } from "../time/zone.ts"
import { reasonWords } from "./callWords.ts"

const width = 1_000
const height = 14
/** So that an attempt of a few milliseconds can still be seen beside pauses of an hour. */
const thinnest = 6

interface AttemptsProps {
  readonly attempts: ReadonlyArray<Attempt>
  /** When the next one is made; null when none is. */
  readonly next: string | null
}

const Axis = ({ attempts, next }: AttemptsProps) => {
  const now = useAtom(nowAtom)
  const bars = attempts.map(({ durationMs, outcome, startedAt }) => {
    const from = Date.parse(startedAt)
    return { from, to: durationMs === null ? Math.max(now, from) : from + durationMs, outcome }
  })
  const first = Math.min(...bars.map(({ from }) => from))
  const planned = next === null ? null : Date.parse(next)
  const length = Math.max(1, Math.max(planned ?? 0, ...bars.map(({ to }) => to)) - first)
  const x = (at: number) => ((at - first) / length) * (width - thinnest)
  return (
    <figure className="axis">
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={`Over ${span(length)}`}>
        <line x1="0" x2={width} y1={height / 2} y2={height / 2} />
        {bars.map(({ from, outcome, to }) => (
          <rect
            key={from}
            className={toneOf(outcome)}
            x={x(from)}
            width={Math.max(thinnest, x(to) - x(from))}
            y="2"
            height={height - 4}
            rx="2"
          />
        ))}
        {planned === null ? null : (
          <rect
            className="next"
            x={Math.max(0, x(planned) - thinnest)}
            width={thinnest * 2}
            y="2"
            height={height - 4}
          />
        )}
      </svg>
      <figcaption>
        <Time at={new Date(first).toISOString()} />
        <span>
          {lasted(length)}
          {planned === null ? "" : " to the next attempt"}
        </span>
      </figcaption>
    </figure>
  )
}

const Answer = ({ attempt: { detail, reason, response, superseded } }: { readonly attempt: Attempt }) => (
  <>
    {reason === null ? null : <p>{reasonWords(reason)}</p>}
    {detail === null || reason === "http_status" ? null : <p className="faint">{detail}</p>}
    {response?.bodySnippet === undefined || response.bodySnippet === null ? null : <Json of={response.bodySnippet} />}
    {response?.truncated === true ? (
      <p className="faint">The beginning of {response.bodyBytes} bytes or more.</p>
    ) : null}
    {superseded.map(({ outcome, recordedAt }) => (
      <p key={recordedAt} className="faint">
        A result that came too late: {outcome}, <Time at={recordedAt} />
      </p>
    ))}
  </>
)

export const Attempts = ({ attempts, next }: AttemptsProps) => {
  if (attempts.length === 0) return <p className="empty">None yet.</p>
  return (
    <>
      {attempts.length > 1 || next !== null ? <Axis attempts={attempts} next={next} /> : null}
      <ol className="attempts">
        {attempts.toReversed().map((attempt) => (
          <li key={attempt.epoch}>
            <header>
              <b>{attempt.number}</b>
              <Status
                of={attempt.outcome}
                words={attempt.status === null ? attempt.outcome : `${attempt.outcome}, HTTP ${attempt.status}`}
              />
              <Time at={attempt.startedAt} />
              {attempt.durationMs === null ? null : <span className="faint">took {lasted(attempt.durationMs)}</span>}
            </header>
            <Answer attempt={attempt} />
          </li>
        ))}
      </ol>
    </>
  )
}
