/** The stream of changes, as an answer. */
import { Principal } from "@dueline/contracts/api/Access"
import { Effect } from "effect"
import { HttpServerResponse } from "effect/http"
import { reject } from "../requests/reject.ts"
import { CallFeed } from "./CallFeed.ts"

/** Nobody on the way keeps a copy, changes it, or waits for more before it passes on what there is. */
const headers = { "cache-control": "no-store, no-transform", "x-accel-buffering": "no" }

export const makeLive = Effect.map(CallFeed, ({ hasRoom, of }) =>
  Effect.fnUntraced(function* () {
    const { tenantId } = yield* Principal
    if (!hasRoom(tenantId))
      return yield* reject("overloaded", "Too many streams are open. Close some, or ask again later.")
    return HttpServerResponse.stream(of(tenantId), { contentType: "text/event-stream", headers })
  })
)
