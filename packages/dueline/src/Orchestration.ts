/** Where commands go: to the writer of this process, to that of another, or to whichever serves the command's partition. */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { recalling } from "@dueline/orchestration/recalling"
import * as Writers from "@dueline/orchestration/Writers"
import { Effect, Layer } from "effect"
import type { Settings } from "./Configuration.ts"
import type { Deployment } from "./Deployment.ts"
import { Neighbours } from "./Neighbours.ts"
import { Recalls } from "./work/Recalls.ts"

export const orchestrator = (settings: Settings, { roles }: Deployment) =>
  Layer.effect(
    Orchestrator,
    Effect.gen(function* () {
      const neighbours = yield* Neighbours
      const { recall } = yield* Recalls
      const own = roles.has("orchestrator")
        ? recalling(yield* Writers.make({ receiptTtlMs: settings.DUELINE_RECEIPT_HOURS * 3_600_000 }), recall)
        : null
      return yield* neighbours.orchestrator(own)
    })
  )
