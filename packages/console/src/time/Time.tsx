/** Times as they are read: in the chosen zone, ISO 8601 on hover; and how far from now. */
import { useAtom } from "../backend/useAtom.ts"
import { nowAtom } from "./clock.ts"
import { zoneAtom } from "./chosenZone.ts"
import { span } from "./span.ts"
import { formatTime } from "./zone.ts"

export const Time = ({ at }: { readonly at: string | null | undefined }) => {
  const zone = useAtom(zoneAtom)
  if (at === null || at === undefined) return <span className="faint">–</span>
  // Where there is little room each has a line.
  const [day, clock] = formatTime(Date.parse(at), zone).split(" ")
  return (
    <time dateTime={at} title={at}>
      <span>{day}</span> <span>{clock}</span>
    </time>
  )
}

/** How long ago, as exactly as somebody cares: seconds are counted for a minute, and minutes for half a day. */
const past = (millis: number): string => (millis < 60_000 ? span(millis) : span(millis - (millis % 60_000)))

/** `3 min ago`, `in 2 h`. Counts on. */
export const Ago = ({ at }: { readonly at: string | null | undefined }) => {
  const now = useAtom(nowAtom)
  const zone = useAtom(zoneAtom)
  if (at === null || at === undefined) return <span className="faint">–</span>
  const away = Date.parse(at) - now
  const text = Math.abs(away) < 1_000 ? "now" : away < 0 ? `${past(-away)} ago` : `in ${span(away)}`
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
