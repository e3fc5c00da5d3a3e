/** Where a call's row, or its sealed request, says something else than its events do. */
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { CallModel } from "./CallModel.ts"

export const rowDifferences = (model: CallModel, row: ServiceCallRow | null): ReadonlyArray<string> => {
  if (row === null) return ["missing"]
  const { attempt, correlationId, dueAt, epoch, notBefore, revision, status, timeoutMs, version, wakeAt } = model
  const running = status === "Running"
  const live = running || status === "Scheduled"
  const expected = {
    version,
    status,
    dueAt,
    notBefore,
    wakeAt: live ? wakeAt : null,
    revision,
    attempt,
    epoch,
    cancelRequested: running && model.cancelRequested,
    timeoutMs,
    worker: running ? (model.started.get(epoch)?.worker ?? null) : null,
    correlationId
  }
  const wrong = Object.entries(expected)
    .filter(([field, value]) => row[field as keyof typeof expected] !== value)
    .map(([field, value]) => `${field} should be ${String(value)}`)
  // When they end or lapse is not in the log, whether they do is.
  if ((row.endedAt === null) !== live) wrong.push("endedAt")
  if ((row.leaseUntil === null) === running) wrong.push("leaseUntil")
  return wrong
}

/** Kept while an attempt may follow, be it by hand; gone as soon as none can. */
export const sealedDiffers = ({ status }: CallModel, first: string | null, now: string | null): boolean =>
  now !== (status === "Succeeded" || status === "Cancelled" ? null : first)
