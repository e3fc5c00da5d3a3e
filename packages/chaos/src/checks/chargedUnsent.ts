/**
 * An attempt is a request: no call fails whose target would have answered and was never asked. One exception: its last attempt was lost
 * with the process that held it, which the plan had killed, which ended by itself (another checker finds that), or which was asked to stop while nobody
 * was there to take it back; nobody can know then whether its request had left.
 */
import { mostOff } from "../clocks.ts"
import { type Check, type Evidence, eventOf, type Found } from "../Evidence.ts"
import type { Arrival, History, Incident, StoredCall } from "../History.ts"
import { makesCalls } from "../Stage.ts"

/** Processes stamp what they record by their own clocks, and what is on its way when one dies may be recorded a little later. */
const slackMs = 5_000

const kills = ({ kind, victim }: Incident): boolean =>
  /^(?:kill|kill-starting|blackout|collapse)$/u.test(kind) && makesCalls(victim)

/** Without one of these nobody can be told what a process gives back when it stops. */
const takesAway = ({ kind }: Incident): boolean =>
  /^(?:postgres|nats)-|^(?:kill|kill-starting|pause|short-pause|blackout|collapse)$/u.test(kind)

/** When processes that make calls were asked to stop, and could not give back what they had. */
const unheardStops = ({ exits, incidents }: History): ReadonlyArray<{ readonly from: number }> =>
  exits
    .filter(
      ({ at, tookMs, victim }) =>
        makesCalls(victim) &&
        incidents.some((one) => takesAway(one) && one.victim !== victim && one.from < at + tookMs && one.to > at)
    )
    .map(({ at }) => ({ from: at }))

interface Loss {
  readonly worker: string
  readonly from: number
  readonly to: number
}

/** The last attempt, when it failed because its worker was lost. */
const lossOf = ({ events }: StoredCall): Loss | null => {
  const last = events.findLast(({ type }) => type === "ExecutionFailed")
  const failed = last === undefined ? undefined : eventOf(last)
  if (last === undefined || failed?._tag !== "ExecutionFailed" || failed.reason !== "worker_lost") return null
  for (const recorded of events) {
    const event = eventOf(recorded)
    if (event._tag === "ExecutionStarted" && event.epoch === failed.epoch)
      return { worker: event.worker, from: recorded.recordedAt, to: last.recordedAt }
  }
  return null
}

/** By worker: when it was last seen to do something, by what it had recorded and by what arrived of it. */
const signsOfLife = ({ arrivals, calls }: Evidence): ReadonlyMap<string, number> => {
  const signs = new Map<string, number>()
  const sign = (worker: string, at: number) => void signs.set(worker, Math.max(signs.get(worker) ?? 0, at))
  for (const { callId, events } of calls.values()) {
    const workers = new Map<number, string>()
    for (const recorded of events) {
      const event = eventOf(recorded)
      if (event._tag === "ExecutionStarted") workers.set(event.epoch, event.worker)
      const own =
        event._tag === "ExecutionSucceeded" ||
        event._tag === "ExecutionHandedBack" ||
        (event._tag === "ExecutionFailed" && event.reason !== "worker_lost")
      if (own) sign(workers.get(event.epoch) ?? "", recorded.recordedAt)
    }
    for (const { at, epoch } of arrivals.get(callId) ?? []) sign(workers.get(epoch) ?? "", at)
  }
  return signs
}

const arrivedNever = (arrivals: ReadonlyArray<Arrival> | undefined) => (arrivals ?? []).length === 0

export const chargedUnsent: Check = (evidence) => {
  const { arrivals, calls, history, submissions } = evidence
  const killed = [...history.incidents.filter(kills), ...unheardStops(history)]
  const off = mostOff(history)
  const signs = signsOfLife(evidence)
  const excused = (loss: Loss): boolean =>
    killed.some(
      ({ from }) =>
        from > loss.from - slackMs - off && from < loss.to + off && (signs.get(loss.worker) ?? 0) < from + slackMs + off
    )
  return [...submissions.values()].flatMap((operations): ReadonlyArray<Found> => {
    const first = operations.find(({ kind }) => kind === "submit")
    const call = calls.get(first?.answer?.callId ?? "")
    if (call?.row?.status !== "Failed" || first?.wish?.reachable !== true) return []
    if (!arrivedNever(arrivals.get(call.callId))) return []
    const loss = lossOf(call)
    if (loss !== null && excused(loss)) return []
    const last = call.events.map(eventOf).findLast(({ _tag }) => _tag === "ExecutionFailed")
    const reason = last?._tag === "ExecutionFailed" ? `${last.reason} (${last.detail})` : "no reason"
    return [{ callId: call.callId, detail: `it failed by ${reason}, and no request of it came to the target` }]
  })
}
