/** The operations on service calls, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { makeCommands } from "./commands.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { makeLive } from "./live.ts"
import { makeReads } from "./reads.ts"
import { makeSubmit } from "./submit.ts"

/** Bodies are read raw: the limits on depth, length and characters come before any schema. */
export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { submit, submitBatch } = yield* makeSubmit
    const { cancel, reschedule, run } = yield* makeCommands
    const { events, get, list } = yield* makeReads
    const live = yield* makeLive
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "serviceCalls", (handlers) =>
        handlers
          .handleRaw("submit", submit)
          .handleRaw("submitBatch", submitBatch)
          .handle("list", list)
          .handleRaw("live", live)
          .handle("get", get)
          .handle("events", events)
          .handle("cancel", cancel)
          .handleRaw("reschedule", reschedule)
          .handle("run", run)
      )
    )
  })
)
