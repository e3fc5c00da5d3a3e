/**
 * Where commands go: to the writer of this process, to that of another, or to whichever serves the command's partition; and how writers
 * reach executors.
 */
import { replaying } from "@dueline/api/resources/replays"
import { DirectMessages } from "@dueline/contracts/CommitCompanions"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { type Recall, recalling } from "@dueline/orchestration/recalling"
import * as Writers from "@dueline/orchestration/Writers"
import { Context, Effect, Layer } from "effect"
import { Cluster } from "./Cluster.ts"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { Hearing, sparing } from "./Hearing.ts"

/** How long an executor has to answer a recall, in milliseconds: the caller of a cancel or a move waits meanwhile. */
const recallMs = 1_000

/** The way from the writers, which start first, to the executors, which need the writers: for attempts that are called back. */
export class Recalls extends Context.Service<
  Recalls,
  {
    /** `silent` as long as no executor can be asked, and when there is no answer in time. */
    readonly recall: Recall
    /** Says how executors are asked. */
    readonly by: (recall: Recall) => void
  }
>()("@dueline/dueline/Recalls") {
  static readonly layer = Layer.sync(Recalls, () => {
    const silent = Effect.succeed("silent" as const)
    let current: Recall = () => silent
    return Recalls.of({
      recall: (worker, holding) =>
        Effect.suspend(() => current(worker, holding)).pipe(
          Effect.timeoutOrElse({ duration: recallMs, orElse: () => silent })
        ),
      by: (recall) => {
        current = recall
      }
    })
  })
}

export const orchestrator = (settings: Settings, { roles }: Deployment) =>
  Layer.effect(
    Orchestrator,
    Effect.gen(function* () {
      const cluster = yield* Cluster
      const { recall } = yield* Recalls
      const store = sparing(yield* Persistence, yield* Hearing, (yield* DirectMessages).ask)
      const writers = Writers.make({ receiptTtlMs: settings.DUELINE_RECEIPT_HOURS * 3_600_000 })
      const own = roles.has("orchestrator")
        ? yield* recalling(yield* Effect.provideService(writers, Persistence, store), recall)
        : null
      const orchestrator = yield* cluster.orchestrator(own)
      // A cache of this process alone would know nothing that its writer does not.
      const shared = settings.DUELINE_REDIS_URL !== null && (roles.has("api") || roles.has("ingest"))
      return shared ? yield* replaying(orchestrator) : orchestrator
    })
  )
