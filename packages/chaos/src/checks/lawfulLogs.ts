/** Order per aggregate: versions 1, 2, 3 … and no transition that the rules do not know, by a model of its own. */
import { CallModel } from "@dueline/simulation/CallModel"
import { clockSpan } from "../clocks.ts"
import type { Check } from "../Evidence.ts"
import type { StoredCall } from "../History.ts"

const wrongWith = (
  { callId, events }: StoredCall,
  skewMs: number
): ReadonlyArray<{ readonly callId: string; readonly detail: string }> => {
  const model = new CallModel(() => skewMs)
  for (const event of events) {
    const detail = model.apply(event)
    // What follows a wrong event would be judged by a state that nothing has led to.
    if (detail !== null) return [{ callId, detail }]
  }
  const ids = new Set(events.map(({ eventId }) => eventId))
  return ids.size === events.length ? [] : [{ callId, detail: "two of its events have one id" }]
}

export const lawfulLogs: Check = ({ calls, history }) => {
  const skewMs = clockSpan(history)
  return [...calls.values()].flatMap((call) => wrongWith(call, skewMs))
}
