/** The places of flows, over the state in memory. */
import { type FlowAnswer, type FlowPlaces, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import { Clock, Effect } from "effect"
import { strictest } from "@dueline/contracts/flow/Flow"
import { callOf, keyOf, type MemoryState, rowsOf } from "./MemoryState.ts"

interface Meter {
  /** Until when each call's place is kept though it does not run, in epoch ms. */
  readonly places: Map<string, { readonly tenantId: string; readonly callId: string; readonly until: number }>
  nextAt: number
}

export const make = (state: MemoryState): FlowPlaces["Service"] => {
  const meters = new Map<string, Meter>()
  const meterOf = (name: string): Meter => {
    const known = meters.get(name) ?? { places: new Map(), nextAt: 0 }
    meters.set(name, known)
    return known
  }
  return {
    take: (asked) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        asked.map(({ callId, flow, revision, tenantId }): FlowAnswer => {
          const call = callOf(state, tenantId, callId)
          if (call !== null && (call.status !== "Scheduled" || call.revision > revision)) return { _tag: "Stale" }
          const meter = meterOf(keyOf(tenantId, flow.key))
          for (const [id, place] of meter.places) {
            if (place.until <= now && callOf(state, place.tenantId, place.callId)?.status !== "Running")
              meter.places.delete(id)
          }
          const defined = rowsOf(state, "flow").find(
            (row) => row.tenantId === tenantId && row.key === flow.key && row.status === "Active"
          )
          const { concurrency: limit = Number.POSITIVE_INFINITY, ratePerSecond } = strictest(flow, defined)
          const taken = meter.places.size - (meter.places.has(callId) ? 1 : 0)
          if (taken >= limit) return { _tag: "Full", taken, limit }
          if (ratePerSecond !== undefined && meter.nextAt > now) return { _tag: "Early", waitMs: meter.nextAt - now }
          if (ratePerSecond !== undefined) meter.nextAt = Math.max(meter.nextAt, now) + 1_000 / ratePerSecond
          meter.places.set(callId, { tenantId, callId, until: now + flowPlaceMs })
          return { _tag: "Granted" }
        })
      ),
    keep: (holders) =>
      Effect.map(Clock.currentTimeMillis, (now) =>
        holders.map(({ callId, key, tenantId }) => {
          const places = meters.get(keyOf(tenantId, key))?.places
          if (places?.has(callId) !== true) return false
          places.set(callId, { tenantId, callId, until: now + flowPlaceMs })
          return true
        })
      ),
    release: (holders) =>
      Effect.sync(() => {
        for (const { callId, key, tenantId } of holders) {
          if (callOf(state, tenantId, callId)?.status !== "Running")
            meters.get(keyOf(tenantId, key))?.places.delete(callId)
        }
      })
  }
}
