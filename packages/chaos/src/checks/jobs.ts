/** Bulk jobs: every call of a plan is dealt with once and counted once, and nobody else has done to it what the job did. */
import type { BulkJobEvent } from "@dueline/contracts/bulkJob/BulkJob"
import type { IdempotencyKey, TenantId } from "@dueline/contracts/Ids"
import { derivedCallId } from "@dueline/identity/derivedId"
import { type Done, done } from "../Asked.ts"
import { type Check, eventOf, type Evidence, type Found } from "../Evidence.ts"

/** What each action leaves in the log of a call. */
const leaves = { "cancel-calls": "ServiceCallCancelled", "move-calls": "ServiceCallRescheduled" } as const

const steps = ({ id, wanted: { keys } }: Done<"job">, evidence: Evidence): ReadonlyArray<string> => {
  const events = (evidence.streams.get(id)?.events ?? []).map(({ payload }) => payload as BulkJobEvent)
  const recorded = events.filter((event) => event._tag === "BulkStepRecorded")
  const sum = (name: "done" | "failed" | "skipped") => recorded.reduce((all, step) => all + step[name], 0)
  const counted = { done: sum("done"), failed: sum("failed"), skipped: sum("skipped") }
  return [
    ...(events.at(-1)?._tag === "BulkJobCompleted" ? [] : [`it ends with ${events.at(-1)?._tag ?? "nothing"}`]),
    ...(counted.done === keys.length && counted.failed + counted.skipped === 0
      ? []
      : [`it has counted ${JSON.stringify(counted)} of ${keys.length}`])
  ]
}

const items = ({ id, tenant, wanted: { action, keys } }: Done<"job">, evidence: Evidence): ReadonlyArray<string> => {
  const tenantId = evidence.tenantIds.get(tenant) as TenantId
  const outcomes = new Map(
    evidence.history.jobItems.filter(({ jobId }) => jobId === id).map(({ itemId, outcome }) => [itemId, outcome])
  )
  const planned = keys.map((key) => derivedCallId(tenantId, key as IdempotencyKey) as string)
  return [
    ...planned.flatMap((callId) => {
      const happened = (evidence.calls.get(callId)?.events ?? []).filter(
        (event) => eventOf(event)._tag === leaves[action]
      ).length
      const outcome = outcomes.get(callId) ?? "not among its items"
      return outcome === "done" && happened === 1
        ? []
        : [`${callId} is ${outcome}, and its log has ${happened} of ${leaves[action]}`]
    }),
    ...[...outcomes.keys()]
      .filter((itemId) => !planned.includes(itemId))
      .map((itemId) => `${itemId} was not in its plan`)
  ]
}

export const jobsDealOnce: Check = (evidence): ReadonlyArray<Found> =>
  done(evidence.history.asked, "job").flatMap((job) =>
    [...steps(job, evidence), ...items(job, evidence)].map((detail) => ({
      callId: null,
      detail: `job ${job.id}: ${detail}`
    }))
  )
