/** The operations on service calls, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { makeCallChecks } from "../access/attributes.ts"
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
    const { checked } = yield* makeCallChecks
    const reading = checked("ops:calls.read")
    const writing = checked("ops:calls.write")
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "serviceCalls", (handlers) =>
        handlers
          .handleRaw("submit", submit)
          .handleRaw("submitBatch", submitBatch)
          .handle("list", list)
          .handleRaw("live", live)
          .handle("get", reading(get))
          .handle("events", reading(events))
          .handle("cancel", writing(cancel))
          .handleRaw("reschedule", writing(reschedule))
          .handle("run", writing(run))
      )
    )
  })
)
