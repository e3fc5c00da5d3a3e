/**
 * Which tenants are suspended or deleted, as each process knows it: read at the start, again with every message about a tenant, and every few seconds
 * in case a message is lost. A look costs a look into a map, so that it can stand before every request and every start of a call.
 *
 * While the store does not answer, what was known last holds.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import { TenantDirectory } from "@dueline/contracts/ports/TenantDirectory"
import { type TenantTopic, tenantTopics } from "@dueline/contracts/tenant/Tenant"
import { Context, Effect, Fiber, Layer, Schedule } from "effect"
import { randomCorrelationId } from "./randomId.ts"

/** How long a process may not know of a suspension when the bus has told nobody. */
const lookEvery = "5 seconds"

/** While nothing is known yet no call starts, so that it is asked for again soon. */
const againEvery = "250 millis"

export class SuspendedTenants extends Context.Service<
  SuspendedTenants,
  {
    /** Why it is suspended; null of one that was deleted or is being deleted, undefined of any other. */
    readonly reasonOf: (tenantId: TenantId) => string | null | undefined
    /** All of them with their reasons. The same object while nothing has changed. */
    readonly all: () => ReadonlyMap<TenantId, string | null>
    /** Ends when they have been read for the first time: before that nobody can say that a tenant is not suspended. */
    readonly known: Effect.Effect<void>
    /** Reads them anew. */
    readonly refresh: Effect.Effect<void>
  }
>()("@dueline/identity/SuspendedTenants") {}

const isSame = (a: ReadonlyMap<TenantId, string | null>, b: ReadonlyMap<TenantId, string | null>): boolean =>
  a.size === b.size && [...a].every(([id, reason]) => b.get(id) === reason)

const topics = Object.keys(tenantTopics) as ReadonlyArray<TenantTopic>

export const layer: Layer.Layer<SuspendedTenants, never, TenantDirectory | EventBus> = Layer.effect(
  SuspendedTenants,
  Effect.gen(function* () {
    const directory = yield* TenantDirectory
    const bus = yield* EventBus
    let current: ReadonlyMap<TenantId, string | null> = new Map()
    const read = directory.suspended.pipe(
      Effect.map((found) => {
        const next = new Map(found.map(({ reason, tenantId }) => [tenantId, reason]))
        if (!isSame(current, next)) current = next
      }),
      Effect.tapError(({ operation }) =>
        Effect.logDebug("suspended tenants cannot be read; those known hold", { operation })
      )
    )
    const refresh = Effect.ignore(read)

    const isRead = yield* Effect.isSuccess(read)
    const again = Effect.retry(Effect.delay(read, againEvery), Schedule.forever)
    const first = yield* Effect.forkScoped(isRead ? Effect.void : again)
    const group = `suspensions-${yield* randomCorrelationId}`
    yield* listen(bus, group, topics, () => refresh)
    yield* refresh.pipe(Effect.delay(lookEvery), Effect.forever, Effect.forkScoped)
    return SuspendedTenants.of({
      reasonOf: (tenantId) => current.get(tenantId),
      all: () => current,
      known: Effect.ignore(Fiber.join(first)),
      refresh
    })
  })
)
