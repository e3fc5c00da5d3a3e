/** What a job does, in words. */
import type { BulkFilter } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { BulkAction } from "@dueline/contracts/bulkJob/BulkJob"

export const actionWords: Readonly<Record<BulkAction, string>> = {
  "run-calls": "Run again",
  "move-calls": "Move",
  "cancel-calls": "Cancel",
  "replay-dead-letters": "Replay",
  "backfill-schedule": "Call after all",
  "redeliver-messages": "Deliver again"
}

export const itemsOf = (action: BulkAction, count: number): string => {
  const one = { "replay-dead-letters": "dead letter", "redeliver-messages": "message" }[String(action)] ?? "call"
  return `${count} ${one}${count === 1 ? "" : "s"}`
}

export const filterText = (filter: BulkFilter): string =>
  Object.entries(filter)
    .map(([name, value]) => `${name} ${Array.isArray(value) ? value.join(" ") : String(value)}`)
    .join(", ")
