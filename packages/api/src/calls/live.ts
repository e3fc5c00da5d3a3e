/** The stream of changes, as an answer. */
import { Principal } from "@dueline/contracts/api/Access"
import { Effect, Stream } from "effect"
import { HttpServerResponse } from "effect/http"
import { reject } from "../requests/refusal.ts"
import { SessionAccess } from "../sessions/SessionAccess.ts"
import { CallFeed } from "./CallFeed.ts"

/** Nobody on the way keeps a copy, changes it, or waits for more before it passes on what there is. */
const headers = { "cache-control": "no-store, no-transform", "x-accel-buffering": "no" }

export const makeLive = Effect.map(Effect.all([CallFeed, SessionAccess]), ([{ hasRoom, of }, { over }]) =>
  Effect.fnUntraced(function* () {
    const { session, tenantId } = yield* Principal
    if (!hasRoom(tenantId))
      return yield* reject("overloaded", "Too many streams are open. Close some, or ask again later.")
    // It goes with the session of whoever reads it.
    const events = session === null ? of(tenantId) : Stream.interruptWhen(of(tenantId), over(session))
    return HttpServerResponse.stream(events, { contentType: "text/event-stream", headers })
  })
)
