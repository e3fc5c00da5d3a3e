/** Clients hear what is documented, and weather (503) at the worst: nothing else was answered, and everything was answered at last. */
import type { Check } from "../Evidence.ts"
import type { OperationKind } from "../History.ts"

const expected: Readonly<Record<OperationKind, ReadonlyArray<number>>> = {
  submit: [200, 202],
  repeat: [200, 202],
  cancel: [200, 202, 409],
  reschedule: [200, 409, 412],
  rerun: [202, 409],
  read: [200],
  foreign: [404]
}

export const knownAnswers: Check = ({ history }) =>
  history.operations.flatMap(({ answer, callId, key, kind, tries }) => {
    if (answer === null) return [{ callId, detail: `${kind} ${key ?? ""} had no answer after ${tries} tries` }]
    if (expected[kind].includes(answer.status)) return []
    const code = answer.code === null ? "" : ` (${answer.code})`
    return [{ callId: answer.callId ?? callId, detail: `${kind} was answered ${answer.status}${code}` }]
  })
