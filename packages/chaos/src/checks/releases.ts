/**
 * Calls that waited for a pause which was resumed at a rate: at any time no more of them have begun since than the rate allows. Beside that each process that
 * starts calls may let a tenth of a second's worth go at once (one call at the least), and once more after each fault and each change of pauses, when it
 * begins to count anew. While something is away, processes may take themselves for alone, each with the whole rate.
 */
import { type Asked, type Done, done, isAbout } from "../Asked.ts"
import { offWithin } from "../clocks.ts"
import { aftermathMs, disturbedMs } from "../disturbances.ts"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { History, Operation } from "../History.ts"
import { concerns } from "./pauses.ts"

/** At the most, in any cast, of those that start calls. */
const starters = 2

type Resume = Done<"resume">

/** What of a pause was asked for after it is that of another release: only the first is judged, until the next. */
const judgedUntil = ({ invokedAt, wanted: { pauseId } }: Resume, asked: ReadonlyArray<Asked>): number =>
  Math.min(
    Number.POSITIVE_INFINITY,
    ...asked
      .filter((one) => isAbout(one, "resume") && one.wanted.pauseId === pauseId && one.invokedAt > invokedAt)
      .map((one) => one.invokedAt)
  )

/** Times at which processes may begin to count anew, between two times. */
const beginnings = ({ asked, incidents }: History, from: number, to: number): number =>
  asked.filter(
    (one) => (isAbout(one, "pause") || isAbout(one, "resume")) && one.invokedAt <= to && (one.completedAt ?? to) >= from
  ).length + incidents.filter((one) => one.from <= to && one.to + aftermathMs >= from).length

/** When calls that waited for it began, in order. */
const begun = (
  pause: Done<"pause">,
  resume: Resume,
  operations: ReadonlyArray<Operation>,
  evidence: Evidence
): ReadonlyArray<number> => {
  const { history } = evidence
  const until = judgedUntil(resume, history.asked)
  const times = operations.flatMap(({ answer, wish }) => {
    const call = evidence.calls.get(answer?.callId ?? "")
    if (call === undefined || wish === null || !concerns(pause, wish)) return []
    const after = [...evidence.attempts(call).started.values()].find(({ callDueAt, startedAt }) => {
      const off = offWithin(history, pause.invokedAt, startedAt)
      return callDueAt < resume.invokedAt - off && startedAt > resume.completedAt + off && startedAt < until - off
    })
    return after === undefined ? [] : [after.startedAt]
  })
  return times.toSorted((a, b) => a - b)
}

const hurried = (
  pause: Done<"pause">,
  resume: Resume,
  perSecond: number,
  operations: ReadonlyArray<Operation>,
  evidence: Evidence
): ReadonlyArray<Found> => {
  const { history } = evidence
  const from = resume.invokedAt
  const burst = Math.max(1, perSecond / 10) * starters
  const times = begun(pause, resume, operations, evidence)
  const broken = times.findIndex((at, i) => {
    const aloneMs = (starters - 1) * disturbedMs(history, from - aftermathMs, at)
    // A clock that is off stamps what begins, and is what the rate is counted by.
    const countedMs = at - from + aloneMs + 2 * offWithin(history, pause.invokedAt, at)
    return i + 1 > Math.ceil((countedMs / 1_000) * perSecond) + burst * beginnings(history, from, at)
  })
  if (broken < 0) return []
  const detail = `${broken + 1} calls began within ${(times[broken] ?? from) - from} ms of a release of ${perSecond} a second of ${pause.id}`
  return [{ callId: null, detail }]
}

export const releasesKeepTheirRate: Check = (evidence) => {
  const { history } = evidence
  const submitted = Map.groupBy(
    history.operations.filter(({ kind }) => kind === "submit"),
    ({ tenant }) => tenant
  )
  const pauses = new Map(done(history.asked, "pause").map((pause) => [pause.id, pause]))
  return done(history.asked, "resume").flatMap((resume) => {
    const { pauseId, perSecond } = resume.wanted
    const pause = pauses.get(pauseId)
    if (pause === undefined || perSecond === undefined) return []
    return hurried(pause, resume, perSecond, submitted.get(pause.tenant) ?? [], evidence)
  })
}
