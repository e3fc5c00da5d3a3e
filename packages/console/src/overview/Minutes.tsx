/** What happened in each of the last sixty minutes, as bars: what succeeded upwards, what failed downwards, each by its own scale. */
import type { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { useAtom } from "../backend/useAtom.ts"
import { zoneAtom } from "../time/Time.tsx"
import { formatTime } from "../time/zone.ts"

type Minute = Overview["lastHour"]["minutes"][number]

const width = 900
const up = 72
const down = 36
const gap = 2

/** The least scale, so that a single failure does not look like a flood. */
const least = 5

export const Minutes = ({ minutes }: { readonly minutes: ReadonlyArray<Minute> }) => {
  const zone = useAtom(zoneAtom)
  const mostSucceeded = Math.max(least, ...minutes.map(({ succeeded }) => succeeded))
  const mostFailed = Math.max(least, ...minutes.map(({ attemptsFailed }) => attemptsFailed))
  const step = width / Math.max(1, minutes.length)
  const clock = (at: string | undefined) => (at === undefined ? "" : formatTime(Date.parse(at), zone).slice(11, 16))
  const sum = (of: (minute: Minute) => number) => minutes.reduce((total, minute) => total + of(minute), 0)
  return (
    <figure className="minutes">
      <svg
        viewBox={`0 0 ${width} ${up + down}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${sum(({ succeeded }) => succeeded)} calls succeeded and ${sum(({ attemptsFailed }) => attemptsFailed)} attempts failed in the last hour`}
      >
        {minutes.map(({ at, attemptsFailed, failed, succeeded }, n) => (
          <g key={at}>
            <rect
              className="good"
              x={n * step}
              width={step - gap}
              y={up - (succeeded / mostSucceeded) * up}
              height={(succeeded / mostSucceeded) * up}
            />
            <rect
              className="bad"
              x={n * step}
              width={step - gap}
              y={up + 1}
              height={(attemptsFailed / mostFailed) * (down - 1)}
            />
            <title>{`${clock(at)}: ${succeeded} succeeded, ${attemptsFailed} attempts failed, ${failed} calls failed for good`}</title>
          </g>
        ))}
        <line x1="0" x2={width} y1={up} y2={up} />
      </svg>
      <figcaption>
        <span>{clock(minutes[0]?.at)}</span>
        <span>
          up to {mostSucceeded} succeeded a minute (above), {mostFailed} attempts failed (below)
        </span>
        <span>{clock(minutes.at(-1)?.at)}</span>
      </figcaption>
    </figure>
  )
}
