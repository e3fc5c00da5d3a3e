/**
 * Times as they are read and typed, in the zone that was chosen for this browser: ISO 8601 on hover, how far from now, and what somebody types.
 */
import { Atom } from "effect/reactivity"
import { useEffect, useState } from "react"
import { registry, useAtom } from "../backend/useAtom.ts"
import { formatTime, instantOf, span, typedTime } from "./zone.ts"

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

/** In which time zone times are shown and typed: chosen once for this browser, and always written out. */
const kept = "dueline.zone"

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone

export const zoneAtom = Atom.keepAlive(Atom.make(localStorage.getItem(kept) === "UTC" ? "UTC" : localZone))

export const chooseZone = (zone: string): void => {
  localStorage.setItem(kept, zone === "UTC" ? "UTC" : "local")
  registry.set(zoneAtom, zone)
}

/** One clock for the page: everything that says how long ago or in how long moves together, once a second. */
export const nowAtom = Atom.make((get) => {
  const ticking = setInterval(() => get.setSelf(Date.now()), 1_000)
  get.addFinalizer(() => clearInterval(ticking))
  return Date.now()
})

/** Two times that somebody types, in the zone that is chosen. */
const dayMs = 86_400_000

/** The day up to now. */
export const lastDay = (): readonly [from: number, to: number] => [Date.now() - dayMs, Date.now()]

/** `begin`: what stands there first, in epoch milliseconds; NaN for nothing. */
export const useTypedRange = (begin: () => readonly [from: number, to: number]) => {
  const zone = useAtom(zoneAtom)
  const [first, setFirst] = useState(() => typedTime(begin()[0], zone))
  const [last, setLast] = useState(() => typedTime(begin()[1], zone))
  const [begins, ends] = [instantOf(first, zone), instantOf(last, zone)]
  return {
    zone,
    from: { value: first, set: setFirst },
    to: { value: last, set: setLast },
    begins,
    ends,
    /** As it is sent. Only of a range that has both ends. */
    instants: () => ({ from: new Date(begins).toISOString(), to: new Date(ends).toISOString() })
  }
}

/** What somebody types, once it has come to rest. */
export const useSettled = <A,>(value: A, afterMs: number): A => {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const waiting = setTimeout(() => setSettled(value), afterMs)
    return () => clearTimeout(waiting)
  }, [value, afterMs])
  return settled
}
