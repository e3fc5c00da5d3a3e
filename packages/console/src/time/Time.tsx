/** Times as they are read: in the chosen zone, ISO 8601 on hover; and how far from now. */
import { useAtom } from "../backend/useAtom.ts"
import { nowAtom } from "./clock.ts"
import { zoneAtom } from "./chosenZone.ts"
import { formatTime } from "./zone.ts"

export const Time = ({ at }: { readonly at: string | null | undefined }) => {
  const zone = useAtom(zoneAtom)
  if (at === null || at === undefined) return <span className="faint">–</span>
  return (
    <time dateTime={at} title={at}>
      {formatTime(Date.parse(at), zone)}
    </time>
  )
}

const steps: ReadonlyArray<readonly [unit: string, millis: number]> = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000]
]

/** `3 min`, `2 d 4 h`: the two largest units, at least a second. */
export const span = (millis: number): string => {
  const length = Math.abs(millis)
  const first = steps.findIndex(([, size]) => length >= size)
  const [unit, size] = steps[first] ?? ["s", 1_000]
  const whole = Math.floor(length / size)
  const [smaller, smallerSize] = steps[first + 1] ?? ["", 0]
  const rest = smallerSize === 0 || whole >= 10 ? 0 : Math.floor((length % size) / smallerSize)
  return rest === 0 ? `${whole} ${unit}` : `${whole} ${unit} ${rest} ${smaller}`
}

/** `3 min ago`, `in 2 h`. Counts on. */
export const Ago = ({ at }: { readonly at: string | null | undefined }) => {
  const now = useAtom(nowAtom)
  const zone = useAtom(zoneAtom)
  if (at === null || at === undefined) return <span className="faint">–</span>
  const away = Date.parse(at) - now
  const text = Math.abs(away) < 1_000 ? "now" : away < 0 ? `${span(away)} ago` : `in ${span(away)}`
  return (
    <time dateTime={at} title={`${formatTime(Date.parse(at), zone)} · ${at}`}>
      {text}
    </time>
  )
}

/** Milliseconds as they are read: `87 ms`, `1.4 s`, `3 min`. */
export const lasted = (millis: number | null): string => {
  if (millis === null) return "–"
  if (millis < 1_000) return `${millis} ms`
  return millis < 60_000 ? `${(millis / 1_000).toFixed(1)} s` : span(millis)
}
