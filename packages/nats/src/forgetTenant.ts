/** Takes away what the broker keeps of a tenant that is deleted: its messages, read or not, and the alarms of its calls. */
import type { TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Nats } from "./Nats.ts"
import { alarmFilters, eventFilter } from "./Subjects.ts"
import { Topology } from "./Topology.ts"

/** While the broker is away it is told, and tried again when the tenant is looked at the next time. */
export const make = Effect.gen(function* () {
  const { manager, prefix, request } = yield* Nats
  const { due, events } = (yield* Topology).wanted
  return (tenantId: TenantId): Effect.Effect<void> =>
    Effect.gen(function* () {
      yield* request(() => manager.streams.purge(events.name, { filter: eventFilter(prefix, tenantId) }))
      for (const filter of alarmFilters(prefix, tenantId))
        yield* request(() => manager.streams.purge(due.name, { filter }))
    }).pipe(
      Effect.catch((error) =>
        Effect.logWarning("the broker still has messages of a deleted tenant; it is asked again", {
          tenantId,
          error: error.message
        })
      )
    )
})
