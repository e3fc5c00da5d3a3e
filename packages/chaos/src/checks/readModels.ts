/** Read models equal the log: every row is what folding its events makes of it, and the API shows the same. */
import { EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { restorer } from "@dueline/orchestration/engine/storedForms"
import { project, ServiceCall } from "@dueline/orchestration/aggregates/service-call/ServiceCall"
import type { Check, Evidence, Found } from "../Evidence.ts"
import type { StoredCall } from "../History.ts"

const restore = restorer(ServiceCall)

const rowOf = ({ callId, events, tenantId }: StoredCall): ServiceCallRow | null => {
  const { state } = restore({ version: events.length, snapshot: null, events, sealed: null, receipt: null })
  const last = events.at(-1)
  return project(state, {
    tenantId: TenantId.make(tenantId),
    callId: ServiceCallId.make(callId),
    version: last?.version ?? 0,
    at: EpochMillis.make(last?.recordedAt ?? 0)
  })
}

const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(canonical(a)) === JSON.stringify(canonical(b))

/** With the fields of objects in one order. */
const canonical = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(canonical)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([name, part]) => [name, canonical(part)])
        )
      : value

const differences = (expected: ServiceCallRow, actual: ServiceCallRow): ReadonlyArray<string> =>
  (Object.keys(expected) as ReadonlyArray<keyof ServiceCallRow>)
    // Heartbeats move the lease of a call that runs; they are not in the log.
    .filter((field) => field !== "leaseUntil" || expected.leaseUntil === null)
    .filter((field) => !sameText(expected[field], actual[field]))
    .map((field) => `${field} is ${JSON.stringify(actual[field])}, the log says ${JSON.stringify(expected[field])}`)

const stored = (call: StoredCall): ReadonlyArray<Found> => {
  const { callId, row } = call
  const expected = rowOf(call)
  if (row === null || expected === null)
    return row === expected
      ? []
      : [{ callId, detail: row === null ? "it has a log and no row" : "it has a row and no log" }]
  return differences(expected, row).map((detail) => ({ callId, detail }))
}

const shown = ({ calls, history }: Evidence): ReadonlyArray<Found> => [
  ...history.listed.flatMap(({ callId, status, version }) => {
    const row = calls.get(callId)?.row
    const same = row?.status === status && row.version === version
    return same
      ? []
      : [{ callId, detail: `a list shows ${status} at ${version}, the row is ${row?.status} at ${row?.version}` }]
  }),
  ...history.readings.flatMap(({ callId, epoch, eventIds, status, version }) => {
    const call = calls.get(callId)
    if (call === undefined || status !== 200) return []
    const ids = call.events.map(({ eventId }) => eventId)
    if (!sameText(ids, eventIds))
      return [{ callId, detail: `its page shows ${eventIds.length} events of ${ids.length}` }]
    return call.row?.version === version && call.row?.epoch === epoch
      ? []
      : [{ callId, detail: `its page shows version ${version}, epoch ${epoch}` }]
  })
]

export const readModels: Check = (evidence) => [...[...evidence.calls.values()].flatMap(stored), ...shown(evidence)]
