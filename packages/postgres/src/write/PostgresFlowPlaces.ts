/** The places of flows, in tables of their own beside the calls. */
import { type FlowAnswer, type FlowHolder, FlowPlaces, flowPlaceMs } from "@dueline/contracts/ports/FlowPlaces"
import { Effect, Layer } from "effect"
import { Database } from "../Database.ts"
import { asking } from "../SqlFailure.ts"

const takeStatement = "select dueline.take_flow_places($1::int4, $2::text::json) as answers"
const keepStatement = "select dueline.keep_flow_places($1::int4, $2::text::json) as kept"
const releaseStatement = "select dueline.release_flow_places($1::text::json)"

const holdersJson = (holders: ReadonlyArray<FlowHolder>): string =>
  JSON.stringify(holders.map(({ callId, key, tenantId }) => ({ t: tenantId, f: key, k: callId })))

export const layer: Layer.Layer<FlowPlaces, never, Database> = Layer.effect(
  FlowPlaces,
  Effect.map(Database, ({ worker }) =>
    FlowPlaces.of({
      take: (asked) => {
        const all = asked.map(({ callId, flow, revision, tenantId }) => ({
          t: tenantId,
          f: flow.key,
          k: callId,
          v: revision,
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
      keep: (holders) =>
        worker
          .unsafe<{ readonly kept: ReadonlyArray<boolean> }>(keepStatement, [flowPlaceMs, holdersJson(holders)])
          .pipe(
            Effect.map(([row]) => row?.kept ?? []),
            asking("keep places of flows")
          ),
      release: (holders) =>
        worker.unsafe(releaseStatement, [holdersJson(holders)]).pipe(Effect.asVoid, asking("give places of flows back"))
    })
  )
)
