/** The part of the role that decides which one process at a time does: fires schedules, and carries out bulk jobs. */
import { Leases } from "@dueline/contracts/ports/Leases"
import { occurrenceCallId } from "@dueline/identity/derivedId"
import * as BulkJobs from "@dueline/orchestration/bulkJobs/BulkJobs"
import { byOne, type Shared } from "@dueline/orchestration/dispatcher/whileLeading"
import * as ScheduleFirer from "@dueline/orchestration/schedules/ScheduleFirer"
import { Effect, Layer } from "effect"
import { Cluster } from "../Cluster.ts"

/** `isShared`: other processes may have the role too. */
export const layer = (isShared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id } = yield* Cluster
      const shared: Shared = isShared ? { leases: yield* Leases, holder: id } : null
      const zoneData = process.versions.tz ?? "unknown"
      const firer = yield* ScheduleFirer.makeFirer({ callIdOf: occurrenceCallId, zoneData })
      const jobs = yield* BulkJobs.makeBulkJobs
      yield* Effect.forkScoped(byOne(shared, ScheduleFirer.leadership, firer.run))
      yield* Effect.forkScoped(byOne(shared, BulkJobs.leadership, (mayAct) => jobs.loop({}, mayAct)))
    })
  )
