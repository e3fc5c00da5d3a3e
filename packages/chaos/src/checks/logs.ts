/** Events of one call, by themselves: lawful, in order, and with one result. */
import { CallModel } from "@dueline/simulation/checks/CallModel"
import { clockSpan } from "../clocks.ts"
import { type Check, eventOf } from "../Evidence.ts"
import type { StoredCall } from "../History.ts"

const unlawful = (
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

/** Order per aggregate: versions 1, 2, 3 … and no transition that the rules do not know, by a model of its own. */
export const lawfulLogs: Check = ({ calls, history }) => {
  const skewMs = clockSpan(history)
  return [...calls.values()].flatMap((call) => unlawful(call, skewMs))
}

const ends = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

const surplus = ({ events }: StoredCall): ReadonlyArray<string> => {
  const wrong: Array<string> = []
  const resultsOf = new Map<number, number>()
  let endsOfRun = 0
  let last = ""
  for (const event of events.map(eventOf)) {
    if (event._tag === "ServiceCallRerun") endsOfRun = 0
    // The worker of the attempt that failed the call was not lost and has sent nothing: the run goes on.
    if (event._tag === "ExecutionHandedBack" && event.afterLoss === true && last === "ServiceCallFailed") endsOfRun -= 1
    if (ends.has(event._tag)) last = event._tag
    if (event._tag === "ExecutionSucceeded" || event._tag === "ExecutionFailed") {
      const results = (resultsOf.get(event.epoch) ?? 0) + 1
      resultsOf.set(event.epoch, results)
      if (results > 1) wrong.push(`epoch ${event.epoch} has ${results} results`)
    }
    if (ends.has(event._tag)) endsOfRun += 1
    if (ends.has(event._tag) && endsOfRun > 1) wrong.push(`one run ended ${endsOfRun} times, now by ${event._tag}`)
  }
  return wrong
}

/** At most one accepted result: one per epoch, and one end per run. */
export const oneResult: Check = ({ calls }) =>
  [...calls.values()].flatMap((call) => surplus(call).map((detail) => ({ callId: call.callId, detail })))
