/** The same key is the same call: whatever is asked again under a key is answered as the first time. */
import { accepted, type Check, type Found } from "../Evidence.ts"
import type { Operation } from "../History.ts"

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

export const oneAnswer: Check = ({ submissions }) =>
  [...submissions.values()].flatMap((operations) => {
    const answered = operations.filter(({ answer }) => answer !== null)
    const [first, ...others] = answered.toSorted((a, b) => (a.completedAt ?? 0) - (b.completedAt ?? 0))
    return first === undefined ? [] : others.flatMap((again) => compare(first, again))
  })
