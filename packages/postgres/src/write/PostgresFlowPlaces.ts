/** The places of flows, in tables of their own beside the calls. */
import { type FlowAnswer, FlowPlaces, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const takeStatement = "select dueline.take_flow_places($1::int4, $2::text::json) as answers"
const releaseStatement = "select dueline.release_flow_places($1::text::json)"

export const layer: Layer.Layer<FlowPlaces, never, Database> = Layer.effect(
  FlowPlaces,
  Effect.map(Database, ({ worker }) =>
    FlowPlaces.of({
      take: (asked) => {
        const all = asked.map(({ callId, flow, tenantId }) => ({
          t: tenantId,
          f: flow.key,
          k: callId,
          c: flow.concurrency,
          r: flow.ratePerSecond
        }))
        return worker
          .unsafe<{ readonly answers: ReadonlyArray<FlowAnswer> }>(takeStatement, [flowPlaceMs, JSON.stringify(all)])
          .pipe(
            Effect.map(([row]) => row?.answers ?? []),
            asking("take places of flows")
          )
      },
      release: (holders) =>
        worker
          .unsafe(releaseStatement, [
            JSON.stringify(holders.map(({ callId, key, tenantId }) => ({ t: tenantId, f: key, k: callId })))
          ])
          .pipe(Effect.asVoid, asking("give places of flows back"))
    })
  )
)
