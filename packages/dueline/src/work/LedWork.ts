/** The part of the role that decides which one process at a time does: fires schedules, carries out bulk jobs, delivers to subscriptions, seals the audit log, removes what has been kept long enough, erases tenants that are deleted, and counts for overviews. */
import * as Sealer from "@dueline/audit/Sealer"
import { Leases } from "@dueline/contracts/ports/Leases"
import { callbackCallId, deliveryCallId, occurrenceCallId } from "@dueline/identity/derivedId"
import * as BehindWatch from "@dueline/orchestration/behindWatch"
import * as BulkJobs from "@dueline/orchestration/bulkJobs/BulkJobs"
import { byOne, type Shared } from "@dueline/orchestration/dispatcher/whileLeading"
import * as CallCounts from "@dueline/orchestration/callCounts"
import * as ScheduleFirer from "@dueline/orchestration/schedules/ScheduleFirer"
import * as SubscriptionDeliveries from "@dueline/orchestration/subscriptions/SubscriptionDeliveries"
import { Database } from "@dueline/postgres/Database"
import { workAtHand } from "@dueline/postgres/read/workAtHand"
import { Clock, Effect, Layer } from "effect"
import { Cluster } from "../Cluster.ts"
import type { Settings } from "../Configuration.ts"
import { tenantExports } from "../Home.ts"
import { AuditSigner } from "../AuditKeys.ts"
import { makeDoorbell, ringEveryMs } from "./Doorbell.ts"
import * as Erasure from "./Erasure.ts"
import { makeInstallationSealer } from "./installationSealer.ts"
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
      const counting = yield* CallCounts.makeCounting
      yield* Effect.forkScoped(byOne(shared, CallCounts.leadership, counting))
      const watch = yield* BehindWatch.makeWatch
      yield* Effect.forkScoped(byOne(shared, BehindWatch.leadership, watch))
      const atHand = bell.wait("jobs")
      yield* Effect.forkScoped(byOne(shared, BulkJobs.leadership, (mayAct) => jobs.loop({ atHand }, mayAct)))
    })
  )
