/** What a call that is not under way waits for beside its time, in words too. */
import type { WaitsFor } from "@dueline/contracts/api/ServiceCallView"
import { strictest } from "@dueline/contracts/flow/Flow"
import { flowIdOf } from "@dueline/identity/derivedId"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { maxPauses, type PauseRow, releaseLimitMs, subjectOf, subjectsOf } from "@dueline/contracts/pause/Pause"
import { CallQueries, type FlowState, OpsQueries } from "@dueline/contracts/ports/Queries"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { targetOf } from "@dueline/contracts/serviceCall/target"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { Clock, Effect } from "effect"

const active: Specification = { _tag: "Equals", field: "status", value: "Active" }
/** That release at a rate since not long. */
const lately = (now: number): Specification => ({
  _tag: "And",
  all: [
    { _tag: "Equals", field: "status", value: "Resumed" },
    { _tag: "Above", field: "updatedAt", value: now - releaseLimitMs }
  ]
})

const paused = ({ createdAt, key, of, pauseId, pausedBy, reason, releasePerSecond, resumedAt }: PauseRow): WaitsFor => {
  const since = formatInstant(createdAt)
  const by = `paused by ${pausedBy} since ${since}: ${reason}`
  return {
    kind: "pause",
    id: pauseId,
    of,
    key,
    pausedBy,
    since,
    reason,
    text:
      resumedAt === null
        ? by
        : `${by}; resumed at ${formatInstant(resumedAt)}, and released at ${releasePerSecond} a second`
  }
}

/** Null when the flow bounds nothing. */
const inLine = (
  key: string,
  {
    concurrency = null,
    ratePerSecond = null
  }: { readonly concurrency?: number | null | undefined; readonly ratePerSecond?: number | null | undefined },
  { running, waiting }: FlowState
): WaitsFor | null => {
  if (concurrency === null && ratePerSecond === null) return null
  const bounds = [
    concurrency === null ? null : `${running} of ${concurrency}`,
    ratePerSecond === null ? null : `${ratePerSecond} a second`
  ].filter((bound) => bound !== null)
  return {
    kind: "flow",
    key,
    running,
    waiting,
    concurrency,
    ratePerSecond,
    text: `waits for flow ${key}: ${bounds.join(", ")}`
  }
}

/** Null for a call that is under way or has ended, and for one that waits for its time alone. */
export const makeWaitsFor = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const calls = yield* CallQueries
  return Effect.fnUntraced(function* (row: ServiceCallRow): Effect.fn.Return<WaitsFor | null, StoreUnavailable> {
    const { flow, status, tags, tenantId, wakeAt } = row
    if (status !== "Scheduled" || wakeAt === null) return null
    const subjects = new Set(subjectsOf({ target: targetOf(row.request.url), tags, flow: flow?.key }))
    const find = (filter: Specification) =>
      Effect.map(queries.list("pause", { tenantId, filter, after: null, limit: maxPauses }), ({ rows }) =>
        rows.filter(({ key, of }) => subjects.has(subjectOf(of, key)))
      )
    // The oldest: it was there first.
    const holding = (yield* find(active)).at(-1)
    if (holding !== undefined) return paused(holding)
    const now = yield* Clock.currentTimeMillis
    if (wakeAt > now) return null
    const releasing = (yield* find(lately(now))).findLast(
      ({ releasePerSecond, resumedAt }) => releasePerSecond !== null && resumedAt !== null && wakeAt <= resumedAt
    )
    if (releasing !== undefined) return paused(releasing)
    if (flow === null) return null
    const defined = yield* queries.find("flow", tenantId, flowIdOf(tenantId, flow.key))
    const bounds = strictest(flow, defined?.status === "Active" ? defined : null)
    return inLine(flow.key, bounds, yield* calls.flow(tenantId, flow.key, now))
  })
})
