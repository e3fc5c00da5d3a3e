/** Everything that was accepted is there, and nothing that nobody asked for. */
import type { IdempotencyKey, TenantId } from "@dueline/contracts/Ids"
import { derivedCallId } from "@dueline/identity/derivedId"
import { accepted, type Check, eventOf, type Evidence, type Found } from "../Evidence.ts"
import type { Arrival, Operation, StoredCall } from "../History.ts"

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

/** What a client was told is there: every accepted call, every accepted change, at the version that was named. */
export const nothingLost: Check = (evidence) => [
  ...evidence.history.operations.flatMap((operation) => answered(operation, evidence)),
  ...shown(evidence)
]

const wrongWith = (arrival: Arrival, evidence: Evidence): string | null => {
  const { attempt, callId, epoch, key, signed, tenant } = arrival
  const call = evidence.calls.get(callId)
  const isAsked = evidence.submissions.has(`${tenant}/${key}`) || evidence.submittedForJobs.has(`${tenant}/${key}`)
  if (!isAsked && !evidence.madeByProgram.has(callId)) return `a request for ${tenant}/${key}, which nobody submitted`
  if (call === undefined) return "a request for a call that is not stored"
  const started = evidence.attempts(call).started.get(epoch)
  if (started === undefined) return `a request of epoch ${epoch}, which the log does not know`
  if (started.attempt !== attempt)
    return `epoch ${epoch} came as attempt ${attempt}, the log calls it ${started.attempt}`
  return signed.length === 0 ? `epoch ${epoch} came unsigned` : null
}

const strangers = ({
  calls,
  history,
  madeByProgram,
  submissions,
  submittedForJobs,
  tenantIds
}: Evidence): ReadonlyArray<Found> => {
  const submitted = new Set(
    [...submissions.keys(), ...submittedForJobs].map((name) => {
      const [tenant = "", key = ""] = name.split("/")
      // The id follows from tenant and key, so this holds for submissions that were never answered too.
      return derivedCallId((tenantIds.get(tenant) ?? "") as TenantId, key as IdempotencyKey) as string
    })
  )
  const ours = new Set(history.tenants.map(({ id }) => id))
  return [...calls.values()]
    .filter(({ callId, tenantId }) => ours.has(tenantId) && !submitted.has(callId) && !madeByProgram.has(callId))
    .map(({ callId }) => ({ callId, detail: "it is stored, and nobody submitted it" }))
}

/** No effect without a submission: every request at a target, and every stored call, is one that a client asked for, or that a schedule or a subscription of one made. */
export const nothingUnasked: Check = (evidence) => [
  ...evidence.history.arrivals.flatMap((arrival) => {
    const detail = wrongWith(arrival, evidence)
    return detail === null ? [] : [{ callId: arrival.callId, detail }]
  }),
  ...strangers(evidence)
]
