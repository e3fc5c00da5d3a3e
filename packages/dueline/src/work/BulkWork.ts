/** Bulk jobs are carried out by one process at a time among those that decide. */
import { Leases } from "@dueline/contracts/ports/Leases"
import { makeBulkJobs } from "@dueline/orchestration/bulkJobs/BulkJobs"
import { whileLeading } from "@dueline/orchestration/dispatcher/whileLeading"
import { Effect, Layer } from "effect"
import { Cluster } from "../Cluster.ts"

/** Milliseconds: how long the lease lasts, when it is extended, and how often others ask for it. */
const times = { ttlMs: 5_000, extendMs: 1_000, retryMs: 1_000 }

/** `shared`: other processes may have the role too. */
export const layer = (shared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id } = yield* Cluster
      const leases = yield* Leases
      const { loop } = yield* makeBulkJobs
      const work = (mayAct: () => boolean) => loop({}, mayAct)
      yield* Effect.forkScoped(
        shared
          ? whileLeading(leases, { name: "bulk-jobs", holder: id, ...times }, work)
          : Effect.scoped(work(() => true))
      )
    })
  )
