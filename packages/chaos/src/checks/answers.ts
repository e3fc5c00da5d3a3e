/** What clients were answered. */
import { accepted, type Check, type Found } from "../Evidence.ts"
import type { Asked } from "../Asked.ts"
import type { Operation, OperationKind } from "../History.ts"

const expected: Readonly<Record<OperationKind, ReadonlyArray<number>>> = {
  submit: [200, 202],
  repeat: [200, 202],
  cancel: [200, 202, 409],
  reschedule: [200, 409, 412],
  rerun: [202, 409],
  read: [200],
  foreign: [404]
}

const operations: Check = ({ history }) =>
  history.operations.flatMap(({ answer, callId, key, kind, tries }) => {
    if (answer === null) return [{ callId, detail: `${kind} ${key ?? ""} had no answer after ${tries} tries` }]
    if (expected[kind].includes(answer.status)) return []
    const code = answer.code === null ? "" : ` (${answer.code})`
    return [{ callId: answer.callId ?? callId, detail: `${kind} was answered ${answer.status}${code}` }]
  })

/** A schedule whose last time has passed is refused, and the answer may take until then. */
const isTooLate = ({ completedAt, status, wanted }: Asked): boolean =>
  wanted._tag === "schedule" && status === 422 && (completedAt ?? 0) > wanted.until - wanted.everyMs

/** Nobody asks for what would be refused. */
const asked: Check = ({ history }) =>
  history.asked.flatMap((one) => {
    const { status, tenant, tries, wanted } = one
    return (status !== null && status < 300) || isTooLate(one)
      ? []
      : [{ callId: null, detail: `${wanted._tag} of ${tenant} was answered ${status ?? "never"} after ${tries} tries` }]
  })

/** Clients hear what is documented, and 503 at the worst: nothing else was answered, and everything was answered at last. */
export const knownAnswers: Check = (evidence) => [...operations(evidence), ...asked(evidence)]

const compare = (first: Operation, again: Operation): ReadonlyArray<Found> => {
  const callId = first.answer?.callId ?? null
  if (!accepted(again) || !accepted(first))
    return accepted(again) === accepted(first)
      ? []
      : [{ callId, detail: `${first.key} was answered ${first.answer?.status}, then ${again.answer?.status}` }]
  if (again.answer?.callId !== callId)
    return [{ callId, detail: `${first.key} named this call, then ${again.answer?.callId}` }]
  // Who waits for the end is answered with the call as it is then.
  if (first.waits || again.waits || JSON.stringify(first.answer) === JSON.stringify(again.answer)) return []
  return [
    {
      callId,
      detail: `${first.key} was answered ${JSON.stringify(first.answer)}, then ${JSON.stringify(again.answer)}`
    }
  ]
}

/** The same key is the same call: whatever is asked again under a key is answered as the first time. */
export const oneAnswer: Check = ({ submissions }) =>
  [...submissions.values()].flatMap((operations) => {
    const answered = operations.filter(({ answer }) => answer !== null)
    const [first, ...others] = answered.toSorted((a, b) => (a.completedAt ?? 0) - (b.completedAt ?? 0))
    return first === undefined ? [] : others.flatMap((again) => compare(first, again))
  })
