/** `dueline call show`, and `dueline call watch`: one call and its events, as they are or as they come. */
import type { HistoryEvent, ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import { Console, Effect, Option, Predicate, Stream } from "effect"
import { callWords, eventWords, stateWords, style } from "./callWords.ts"
import { type CallsApi, callsApi } from "./CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { CommandFailed, Ended, JsonOutput, print } from "../Shell.ts"

/** A call keeps far fewer; the rest is shown by `call watch`, event by event. */
const eventLimit = 10_000

/** Events with a version above `after`, oldest first, asked for page by page. */
const history = (api: CallsApi, id: ServiceCallId, after: number) =>
  Stream.paginate(after, (from: number) =>
    api
      .events({ params: { id }, query: { after: from, limit: 200 } })
      .pipe(Effect.map(({ items, nextAfter }) => [items, Option.fromNullOr(nextAfter)] as const))
  )

export const showCall = Effect.fnUntraced(function* ({
  asOf,
  events,
  id
}: {
  readonly id: ServiceCallId
  readonly events: boolean
  readonly asOf: string | undefined
}) {
  const api = yield* callsApi
  const { body } = yield* api.get({ params: { id }, query: withoutUndefined({ asOf }), headers: {} })
  if (body === undefined) return yield* new CommandFailed({ message: "The program answered without the call" })
  const words = yield* style
  if (!events) return yield* print(body, (call) => callWords(call, words))
  const all = yield* history(api, id, 0).pipe(
    Stream.take(Math.min(eventLimit, asOf === undefined ? eventLimit : body.version)),
    Stream.runCollect
  )
  yield* print(
    { ...body, events: all },
    (call) => `${callWords(call, words)}\n\n${all.map((event) => eventWords(event, words)).join("\n")}`
  )
})

/** How long to wait before looking again, in milliseconds: short after news, longer while nothing happens. */
const shortestPause = 250
const longestPause = 1_000

/** How often in a row the program may not answer, as while it is started again: about a minute. */
const failureLimit = 60

const exitCodes: { readonly [S in ServiceCallStatus]?: number } = { Succeeded: 0, Failed: 3, Cancelled: 4 }

/** What has been seen, and printed, so far. */
interface Seen {
  etag: string | undefined
  version: number
}

export const watchCall = Effect.fnUntraced(function* ({ id }: { readonly id: ServiceCallId }) {
  const api = yield* callsApi
  const seen: Seen = { etag: undefined, version: 0 }
  let pause = shortestPause
  let failures = 0
  while (true) {
    const answer = yield* Effect.catchIf(readCall(api, id, seen), isNoAnswer, (error) =>
      seen.etag === undefined || ++failures > failureLimit ? Effect.fail(error) : warnOnce(failures)
    )
    if (typeof answer === "object" && exitCodes[answer.status] !== undefined) return yield* ended(answer)
    if (answer === "no answer") pause = longestPause
    else {
      failures = 0
      pause = answer === "unchanged" ? Math.min(longestPause, pause * 1.5) : shortestPause
    }
    yield* Effect.sleep(pause)
  }
})

const isNoAnswer = (error: unknown): boolean =>
  Predicate.isTagged(error, "Unavailable") ||
  (Predicate.isTagged(error, "HttpClientError") &&
    Predicate.hasProperty(error, "reason") &&
    Predicate.isTagged(error.reason, "TransportError"))

const warnOnce = (failures: number): Effect.Effect<"no answer"> =>
  Effect.as(failures === 1 ? Console.error("the program does not answer; still watching") : Effect.void, "no answer")

/** The events come after the call, so they reach at least as far as what the call says. */
const readCall = Effect.fnUntraced(function* (api: CallsApi, id: ServiceCallId, seen: Seen) {
  const { body, headers } = yield* api.get({
    params: { id },
    query: {},
    headers: withoutUndefined({ "if-none-match": seen.etag })
  })
  if (body === undefined) return "unchanged"
  yield* history(api, id, seen.version).pipe(
    Stream.runForEach((event) => {
      seen.version = event.version
      return printEvent(event)
    })
  )
  seen.etag = headers.etag
  return body
})

const printEvent = Effect.fnUntraced(function* (event: HistoryEvent) {
  const words = yield* style
  yield* print(event, (event) => eventWords(event, words))
})

const ended = Effect.fnUntraced(function* (call: ServiceCall) {
  const words = yield* style
  yield* Console.log((yield* JsonOutput) ? JSON.stringify(call) : stateWords(call, words))
  const exitCode = exitCodes[call.status] ?? 0
  if (exitCode !== 0) return yield* new Ended({ exitCode })
})
