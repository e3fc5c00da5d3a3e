/**
 * Refuses what is asked in the name of a tenant that was never made, is suspended or deleted. A token may have been made for a misspelt name, and
 * what it did would be nobody's.
 *
 * A tenant that is there stays, so it is asked for once in the life of the process, and then costs a look into a set. One that is not
 * there is asked for again after `absentMs` at the soonest, so that it can be used that soon after it was made, by whichever process.
 */
import type { Forbidden, Unavailable } from "@dueline/contracts/api/ProblemError"
import type { TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { SuspendedTenants } from "@dueline/identity/SuspendedTenants"
import { Cache, Context, Duration, Effect, Exit, Layer } from "effect"
import { reject } from "../requests/refusal.ts"

const absentMs = 5_000
/** Tenants remembered; when there are more, all are asked for once again. */
const limit = 10_000

export class KnownTenants extends Context.Service<
  KnownTenants,
  {
    /** Fails with 403 for a tenant that is not there, is suspended or deleted, and with 503 when nobody can say. */
    readonly require: (tenantId: TenantId) => Effect.Effect<void, Forbidden | Unavailable>
    /** True when it was found already and is not suspended. */
    readonly has: (tenantId: TenantId) => boolean
  }
>()("@dueline/api/KnownTenants") {}

const unknown = reject(
  "unknown_tenant",
  "There is no such tenant: check the name the token was made for, or have the tenant made with `dueline tenant create NAME`."
)

const suspended = (reason: string) =>
  reject(
    "tenant_suspended",
    `The tenant is suspended: ${reason}. Its calls wait, and go on when it is resumed. Ask whoever runs this installation.`
  )

const deleted = reject(
  "tenant_deleted",
  "The tenant was deleted, or is being deleted: nothing is done in its name any more."
)

const unavailable = reject("unavailable", "The store does not answer. Try again in a moment.")

export const layer: Layer.Layer<KnownTenants, never, TenantDirectory | SuspendedTenants> = Layer.effect(
  KnownTenants,
  Effect.gen(function* () {
    const directory = yield* TenantDirectory
    const { reasonOf } = yield* SuspendedTenants
    const known = new Set<TenantId>()
    // Many who ask for the same one at once ask the store once.
    const looks = yield* Cache.makeWith(
      (tenantId: TenantId): Effect.Effect<boolean, StoreUnavailable> => directory.exists(tenantId),
      {
        capacity: limit,
        timeToLive: (exit) => (Exit.isSuccess(exit) && !exit.value ? Duration.millis(absentMs) : Duration.zero)
      }
    )
    const look = (tenantId: TenantId) =>
      Effect.matchEffect(Cache.get(looks, tenantId), {
        onFailure: () => unavailable,
        onSuccess: (found) => {
          if (!found) return unknown
          if (known.size >= limit) known.clear()
          known.add(tenantId)
          return Effect.void
        }
      })
    return KnownTenants.of({
      require: (tenantId) => {
        const reason = reasonOf(tenantId)
        if (reason === null) return deleted
        if (reason !== undefined) return suspended(reason)
        return known.has(tenantId) ? Effect.void : look(tenantId)
      },
      has: (tenantId) => known.has(tenantId) && reasonOf(tenantId) === undefined
    })
  })
)
