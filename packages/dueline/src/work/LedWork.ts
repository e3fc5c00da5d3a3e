/**
 * The part of the role that decides which one process at a time does: fires schedules, carries out bulk jobs, delivers to subscriptions, seals the
 * audit log, removes what has been kept long enough, erases tenants that are deleted, and counts for overviews. * Work that one process at a time
 * does waits here while there is none: one question to the store every second finds out for all of it, and none is asked while nobody waits, as
 * where another process leads.
 */
import * as Sealer from "@dueline/audit/Sealer"
import { Leases } from "@dueline/contracts/ports/Leases"
import { callbackCallId, deliveryCallId, occurrenceCallId } from "@dueline/identity/derivedId"
import * as BehindWatch from "@dueline/orchestration/overviewWork"
import * as BulkJobs from "@dueline/orchestration/bulkJobs/BulkJobs"
import { byOne, type Shared } from "@dueline/orchestration/dispatcher/whileLeading"
import * as ScheduleFirer from "@dueline/orchestration/schedules/ScheduleFirer"
import * as SubscriptionDeliveries from "@dueline/orchestration/subscriptions/SubscriptionDeliveries"
import { Database } from "@dueline/postgres/Database"
import { workAtHand } from "@dueline/postgres/read/workAtHand"
import { Clock, Deferred, Effect, Layer, type Scope } from "effect"
import { Cluster } from "../Cluster.ts"
import type { Settings } from "../Configuration.ts"
import { tenantExports } from "../Home.ts"
import { AuditSigner, makeInstallationSealer } from "../InstallationKeys.ts"
import * as Erasure from "./Erasure.ts"
import * as Retention from "./Retention.ts"

const hourMs = 3_600_000

/** `isShared`: other processes may have the role too. */
export const layer = (settings: Settings, isShared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { forgetTenant, id } = yield* Cluster
      const shared: Shared = isShared ? { leases: yield* Leases, holder: id } : null
      const zoneData = process.versions.tz ?? "unknown"
      const database = yield* Database
      // A schedule whose time comes before the next question is at hand.
      const look = Effect.flatMap(Clock.currentTimeMillis, (now) => workAtHand(now + ringEveryMs)).pipe(
        Effect.provideService(Database, database)
      )
      const bell = yield* makeDoorbell(look)
      const firer = yield* ScheduleFirer.makeFirer({
        callIdOf: occurrenceCallId,
        zoneData,
        atHand: bell.wait("schedules")
      })
      const jobs = yield* BulkJobs.makeBulkJobs(occurrenceCallId)
      const sealer = yield* makeInstallationSealer(settings, yield* AuditSigner)
      yield* Effect.forkScoped(byOne(shared, Sealer.leadership, sealer.loop))
      const deliveries = yield* SubscriptionDeliveries.makeDeliveries({
        callIdOf: deliveryCallId,
        callbackIdOf: callbackCallId,
        disableAfterMs: settings.DUELINE_SUBSCRIPTION_DISABLE_HOURS * hourMs,
        keepMs: settings.DUELINE_SUBSCRIPTION_DAYS * 24 * hourMs,
        atHand: bell.wait("deliveries")
      })
      yield* Effect.forkScoped(byOne(shared, SubscriptionDeliveries.leadership, deliveries.run))
      yield* Effect.forkScoped(byOne(shared, ScheduleFirer.leadership, firer.run))
      const retention = yield* Retention.makeRetention(settings)
      yield* Effect.forkScoped(byOne(shared, Retention.leadership, retention.loop))
      const erasure = yield* Erasure.makeErasure({ folder: tenantExports(settings), elsewhere: forgetTenant })
      yield* Effect.forkScoped(byOne(shared, Erasure.leadership, erasure.loop))
      const counting = yield* BehindWatch.makeCounting
      yield* Effect.forkScoped(byOne(shared, BehindWatch.countLeadership, counting))
      const watch = yield* BehindWatch.makeWatch
      yield* Effect.forkScoped(byOne(shared, BehindWatch.watchLeadership, watch))
      const atHand = bell.wait("jobs")
      yield* Effect.forkScoped(byOne(shared, BulkJobs.leadership, (mayAct) => jobs.loop({ atHand }, mayAct)))
    })
  )

/** How late work may be found at the most, in milliseconds. */
export const ringEveryMs = 1_000

export interface Doorbell<Name> {
  /** Ends when there is work of that name, and when the store does not answer: who finds that out by itself says so. */
  readonly wait: (name: Name) => Effect.Effect<void>
}

export const makeDoorbell = <Name, E>(
  look: Effect.Effect<ReadonlySet<Name>, E>
): Effect.Effect<Doorbell<Name>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting = new Map<Name, Deferred.Deferred<void>>()
    const round = Effect.gen(function* () {
      if (waiting.size === 0) return
      const asked = [...waiting]
      const found = yield* Effect.catch(look, () => Effect.succeed(null))
      for (const [name, bell] of asked) if (found?.has(name) ?? true) Deferred.doneUnsafe(bell, Effect.void)
    })
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sleep(ringEveryMs), round)))
    return {
      wait: (name) =>
        Effect.suspend(() => {
          const bell = waiting.get(name) ?? Deferred.makeUnsafe<void>()
          waiting.set(name, bell)
          const gone = Effect.sync(() => {
            if (waiting.get(name) === bell) waiting.delete(name)
          })
          return Effect.ensuring(Deferred.await(bell), gone)
        })
    }
  })
