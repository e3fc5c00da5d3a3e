/**
 * While a pause holds, no call starts that it is about, as soon as whoever starts calls has to know of it: at once in the process that recorded it, shortly
 * after that in the others, which are told by the bus, and within 5 s of their own looking while something is away. Which calls it is about follows from what
 * clients asked for.
 */
import { type Asked, type Done, done, isAbout } from "../Asked.ts"
import { aheadAt, behindWithin, mostOff } from "../clocks.ts"
import { aftermathMs, disturbedMs } from "../disturbances.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { History, Operation, Wish } from "../History.ts"

/** By the bus, on a machine that has much to do. */
const toldMs = 2_000
/** What was not told is looked at so often, and the look takes a while. */
const lookMs = 5_000 + 2_000
type Pause = Done<"pause">

export const concerns = ({ wanted: { key, of } }: Pause, wish: Wish): boolean =>
  ({ tag: wish.hue, flow: wish.flow, target: wish.target })[of] === key

/** How long after its answer somebody who starts calls may not know of it, seen from one start. */
const unknownMs = ({ completedAt }: Pause, startedAt: number, history: History): number => {
  if (history.cast === "all-in-one") return 0
  const disturbed = disturbedMs(history, completedAt - aftermathMs, startedAt)
  return disturbed === 0 ? toldMs : lookMs + disturbed
}

const endOf = ({ id }: Pause, asked: ReadonlyArray<Asked>): number =>
  asked.find((one) => isAbout(one, "resume") && one.wanted.pauseId === id)?.invokedAt ?? Number.POSITIVE_INFINITY

const brokenBy = (pause: Pause, operations: ReadonlyArray<Operation>, evidence: Evidence): ReadonlyArray<Found> => {
  const { history } = evidence
  const { completedAt, id, wanted } = pause
  const end = endOf(pause, history.asked)
  const off = mostOff(history)
  return operations.flatMap(({ answer, wish }) => {
    const call = evidence.calls.get(answer?.callId ?? "")
    if (call === undefined || wish === null || !concerns(pause, wish)) return []
    return [...evidence.attempts(call).started.values()].flatMap(({ epoch, startedAt }) => {
      // Stamped by the clock of whoever started it.
      const since = startedAt - aheadAt(history, startedAt - off) - completedAt
      const before = startedAt + behindWithin(history, startedAt, startedAt + off) < end
      return since > unknownMs(pause, startedAt, history) && before
        ? [
            {
              callId: null,
              detail: `epoch ${epoch} of ${call.callId} started ${since} ms after ${wanted.of} was paused by ${id}`
            }
          ]
        : []
    })
  })
}

export const pausesHold: Check = (evidence) => {
  const { history } = evidence
  const submitted = Map.groupBy(
    history.operations.filter(({ kind }) => kind === "submit"),
    ({ tenant }) => tenant
  )
  return done(history.asked, "pause").flatMap((pause) => brokenBy(pause, submitted.get(pause.tenant) ?? [], evidence))
}
