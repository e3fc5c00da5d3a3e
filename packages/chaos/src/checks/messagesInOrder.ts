/**
 * The bus tells every end of every call at least once, in order within the call, and nothing that did not happen. What was on the
 * broker's disk when that was deleted is gone with it: an end that was committed shortly before may be missing, and is counted elsewhere.
 */
import { CallModel } from "@dueline/simulation/checks/CallModel"
import { mostOff } from "../clocks.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { StoredCall, Told } from "../History.ts"

/** How long before the deletion a message may have been committed that nobody had read yet: consumers move, processes stand still. */
const unreadMs = 30_000

interface Ending {
  readonly eventId: string
  readonly at: number
}

const endingsOf = ({ events }: StoredCall): ReadonlyArray<Ending> => {
  const model = new CallModel()
  return events.flatMap((event) => {
    const before = model.endings.length
    model.apply(event)
    return model.endings.length > before ? [{ eventId: event.eventId, at: event.recordedAt }] : []
  })
}

const distinct = (told: ReadonlyArray<Told>): ReadonlyArray<string> => [...new Set(told.map(({ eventId }) => eventId))]

/** Committed shortly before, or while, the broker lost its disk, by a clock that may have been off. */
const wentWithTheDisk = (evidence: Evidence, at: number): boolean => {
  const off = mostOff(evidence.history)
  return evidence.history.incidents.some(
    ({ from, kind, to }) => kind === "nats-wipe" && at > from - unreadMs - off && at < to + off
  )
}

const untoldOf = (call: StoredCall, evidence: Evidence): ReadonlyArray<Ending> => {
  const told = distinct(evidence.told.get(call.callId) ?? [])
  return endingsOf(call).filter(({ eventId }) => !told.includes(eventId))
}

const judge = (call: StoredCall, evidence: Evidence): ReadonlyArray<Found> => {
  const { callId } = call
  const ids = endingsOf(call).map(({ eventId }) => eventId)
  const told = distinct(evidence.told.get(callId) ?? [])
  const untold = untoldOf(call, evidence).filter(({ at }) => !wentWithTheDisk(evidence, at))
  const places = told.map((eventId) => ids.indexOf(eventId)).filter((place) => place >= 0)
  const disorder = places.some((place, i) => i > 0 && place < (places[i - 1] ?? 0))
  return [
    ...untold.map(({ eventId }) => ({ callId, detail: `the end ${eventId} was told to nobody` })),
    ...(disorder ? [{ callId, detail: `its ends were told in the order ${places.join(", ")}` }] : [])
  ]
}

const invented = ({ calls, history }: Evidence): ReadonlyArray<Found> =>
  (history.told ?? []).flatMap(({ callId, eventId, topic }) => {
    const known = calls.get(callId)?.events.some((event) => event.eventId === eventId) ?? false
    return known ? [] : [{ callId, detail: `${topic} told of ${eventId}, which no log has` }]
  })

export const messagesInOrder: Check = (evidence) =>
  evidence.history.told === null
    ? []
    : [...[...evidence.calls.values()].flatMap((call) => judge(call, evidence)), ...invented(evidence)]

/** Ends that nobody was told of because the broker's disk went with them. */
export const lostWithTheDisk = (evidence: Evidence): number =>
  [...evidence.calls.values()]
    .flatMap((call) => untoldOf(call, evidence))
    .filter(({ at }) => wentWithTheDisk(evidence, at)).length
