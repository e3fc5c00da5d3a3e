/** Everything that one cause brought about, joined to the API definition. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { TimeTravel } from "@dueline/contracts/ports/TimeTravel"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "./leanGroup.ts"
import { defaultLimit, makePaging, timelineMark } from "./paging.ts"
import type { Raw } from "./Raw.ts"
import { storeUnavailable } from "./refusal.ts"
import { eventOf } from "./calls/view.ts"

const makeRead = Effect.gen(function* () {
  const past = yield* TimeTravel
  const paging = yield* makePaging(timelineMark)
  return Effect.fnUntraced(function* ({ query }: Raw<"timeline", "read">) {
    const { tenantId } = yield* Principal
    const { correlation: correlationId, cursor, limit = defaultLimit } = query
    const about = { list: "timeline", correlationId }
    const after = yield* paging.after(tenantId, about, cursor)
    const page = yield* past.timeline({ tenantId, correlationId, after, limit }).pipe(Effect.catch(storeUnavailable))
    return {
      items: page.events.map((event) => ({ category: event.category, id: event.streamId, ...eventOf(event) })),
      nextCursor: paging.next(tenantId, about, page.next)
    }
  })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const read = yield* makeRead
    return yield* leanGroup(HttpApiBuilder.group(Api, "timeline", (handlers) => handlers.handle("read", read)))
  })
)
