/** One call as it is shown: its row and what its history tells, as of the same version. */
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import type { ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries, type OpsQueries } from "@dueline/contracts/ports/Queries"
import { type AsOf, TimeTravel } from "@dueline/contracts/ports/History"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Context, Effect, Layer } from "effect"
import { callNotFound } from "./callRefusal.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { detailOf } from "./view.ts"
import { makeWaitsFor } from "./waiting.ts"

/** How far back the attempts of a call are told. */
const maxEvents = 1_000

export class Details extends Context.Service<
  Details,
  {
    /** The same answer for a call of another tenant as for one that does not exist. */
    readonly row: (tenantId: TenantId, callId: ServiceCallId) => Effect.Effect<ServiceCallRow, NotFound | Unavailable>
    /** As it was with a version or at an instant. */
    readonly rowAt: (
      tenantId: TenantId,
      callId: ServiceCallId,
      asOf: AsOf
    ) => Effect.Effect<ServiceCallRow, NotFound | Unavailable>
    /** `past`: what it waits for is not told, which is known of now alone. */
    readonly ofRow: (row: ServiceCallRow, past?: boolean) => Effect.Effect<ServiceCall, Unavailable>
  }
>()("@dueline/api/Details") {}

export const layer: Layer.Layer<Details, never, CallQueries | OpsQueries | TimeTravel> = Layer.effect(
  Details,
  Effect.gen(function* () {
    const queries = yield* CallQueries
    const { at } = yield* TimeTravel
    const waitsFor = yield* makeWaitsFor
    return Details.of({
      row: (tenantId, callId) =>
        Effect.flatMap(queries.find(tenantId, callId).pipe(Effect.catch(storeUnavailable)), (row) =>
          row === null ? callNotFound : Effect.succeed(row)
        ),
      rowAt: (tenantId, callId, asOf) =>
        Effect.flatMap(
          at({ tenantId, category: "service-call", streamId: callId as string as StreamId, asOf }).pipe(
            Effect.catch(storeUnavailable)
          ),
          (row) => (row?._tag === "ServiceCallRow" ? Effect.succeed(row) : callNotFound)
        ),
      ofRow: (row, past = false) => {
        const { callId, tenantId, version } = row
        const history = queries.history({ tenantId, callId, after: Math.max(0, version - maxEvents), limit: maxEvents })
        return Effect.map(
          Effect.catch(Effect.zip(history, past ? Effect.succeed(null) : waitsFor(row)), storeUnavailable),
          // Events may have come between the two reads; the ETag speaks for the row's version.
          ([events, waiting]) =>
            detailOf(
              row,
              events.filter((event) => event.version <= version),
              waiting
            )
        )
      }
    })
  })
)
