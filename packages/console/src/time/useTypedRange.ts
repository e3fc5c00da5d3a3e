/** Two times that somebody types, in the zone that is chosen. */
import { useState } from "react"
import { useAtom } from "../backend/useAtom.ts"
import { zoneAtom } from "./chosenZone.ts"
import { instantOf, typedTime } from "./zone.ts"

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
