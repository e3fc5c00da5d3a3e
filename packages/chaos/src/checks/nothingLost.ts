/** What a client was told is there: every accepted call, every accepted change, at the version that was named. */
import { accepted, type Check, type Evidence, eventOf, type Found } from "../Evidence.ts"
import type { Operation, StoredCall } from "../History.ts"

const found = (callId: string | null, detail: string): Found => ({ callId, detail })

/** When the call was due after its first `version` events. */
const dueAfter = ({ events }: StoredCall, version: number): number =>
  events
    .slice(0, version)
    .map(eventOf)
    .reduce((dueAt, event) => ("dueAt" in event ? event.dueAt : "retryAt" in event ? event.retryAt : dueAt), 0)

const changed = ({ answer, callId, kind }: Operation, call: StoredCall): ReadonlyArray<Found> => {
  const { callStatus, dueAt, version } = answer ?? {}
  if (typeof version !== "number") return []
  if (call.events.length < version)
    return [found(callId, `${kind} was answered with version ${version}, the log ends at ${call.events.length}`)]
  if (kind === "cancel" && callStatus === "Cancelled" && call.row?.status !== "Cancelled")
    return [found(callId, `its cancellation was answered, and it is ${call.row?.status ?? "gone"}`)]
  if (kind === "reschedule" && dueAt !== dueAfter(call, version))
    return [found(callId, `moved to ${dueAt} by its version ${version}, where the log has ${dueAfter(call, version)}`)]
  return []
}

const answered = (operation: Operation, { calls }: Evidence): ReadonlyArray<Found> => {
  const callId = operation.answer?.callId ?? operation.callId
  if (operation.kind === "foreign" || callId === null) return []
  if (operation.answer?.status === 404)
    return [found(callId, `it was accepted, and a ${operation.kind} did not find it`)]
  if (!accepted(operation)) return []
  const call = calls.get(callId)
  if (call === undefined || call.events.length === 0)
    return [found(callId, `a ${operation.kind} was answered ${operation.answer?.status}, and its log is gone`)]
  const behind = (operation.answer?.version ?? operation.knownVersion) < operation.knownVersion
  return operation.kind === "read" && behind
    ? [found(callId, `read at version ${operation.answer?.version}, known at ${operation.knownVersion}`)]
    : changed({ ...operation, callId }, call)
}

const shown = ({ calls, history }: Evidence): ReadonlyArray<Found> => {
  const listed = new Set(history.listed.map(({ callId }) => callId))
  const unlisted = [...calls.keys()].filter((callId) => !listed.has(callId))
  return [
    ...unlisted.map((callId) => found(callId, "it is stored, and no list shows it")),
    ...history.readings
      .filter(({ status }) => status !== 200)
      .map(({ callId, status }) => found(callId, `its page answers ${status}`))
  ]
}

export const nothingLost: Check = (evidence) => [
  ...evidence.history.operations.flatMap((operation) => answered(operation, evidence)),
  ...shown(evidence)
]
