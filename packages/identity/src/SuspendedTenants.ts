/**
 * Which tenants are suspended or deleted, as each process knows it: read at the start, again with every message about a tenant, and every few seconds
 * in case a message is lost. A look costs a look into a map, so that it can stand before every request and every start of a call.
 *
 * While the store does not answer, what was known last holds.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { keepRead } from "@dueline/contracts/keepRead"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { type TenantTopic, tenantTopics } from "@dueline/contracts/tenant/Tenant"
import { Context, Effect, Layer } from "effect"
import { randomCorrelationId } from "./randomId.ts"

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
    const { known, refresh } = yield* keepRead(bus, `suspensions-${yield* randomCorrelationId}`, topics, read)
    return SuspendedTenants.of({
      reasonOf: (tenantId) => current.get(tenantId),
      all: () => current,
      known,
      refresh
    })
  })
)
