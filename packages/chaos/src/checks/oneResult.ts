/** At most one accepted result: one per epoch, and one end per run. */
import { type Check, eventOf } from "../Evidence.ts"
import type { StoredCall } from "../History.ts"

const ends = new Set(["ExecutionSucceeded", "ServiceCallFailed", "ServiceCallCancelled"])

const wrongWith = ({ events }: StoredCall): ReadonlyArray<string> => {
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

export const oneResult: Check = ({ calls }) =>
  [...calls.values()].flatMap((call) => wrongWith(call).map((detail) => ({ callId: call.callId, detail })))
