/** `dueline call show`. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { Effect, Option, Stream } from "effect"
import { callWords, eventWords, style } from "./callWords.ts"
import { type CallsApi, callsApi } from "./CallsApi.ts"
import { CommandFailed } from "./CommandFailed.ts"
import { print } from "./Shell.ts"

/** A call keeps far fewer; the rest is shown by `call watch`, event by event. */
const eventLimit = 10_000

/** Events with a version above `after`, oldest first, asked for page by page. */
export const history = (api: CallsApi, id: ServiceCallId, after: number) =>
  Stream.paginate(after, (from: number) =>
    api
      .events({ params: { id }, query: { after: from, limit: 200 } })
      .pipe(Effect.map(({ items, nextAfter }) => [items, Option.fromNullOr(nextAfter)] as const))
  )

export const showCall = Effect.fnUntraced(function* ({
  events,
  id
}: {
  readonly id: ServiceCallId
  readonly events: boolean
}) {
  const api = yield* callsApi
  const { body } = yield* api.get({ params: { id }, headers: {} })
  if (body === undefined) return yield* new CommandFailed({ message: "The program answered without the call" })
  const look = yield* style
  if (!events) return yield* print(body, (call) => callWords(call, look))
  const all = yield* history(api, id, 0).pipe(Stream.take(eventLimit), Stream.runCollect)
  yield* print(
    { ...body, events: all },
    (call) => `${callWords(call, look)}\n\n${all.map((event) => eventWords(event, look)).join("\n")}`
  )
})
