/** `dueline call watch`: each event of one call as it comes, until the call has ended. */
import type { HistoryEvent, ServiceCall } from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Rejection"
import { Console, Effect, Predicate, Stream } from "effect"
import { eventWords, stateWords, style } from "./callWords.ts"
import { type CallsApi, callsApi } from "./CallsApi.ts"
import { Ended } from "./CommandFailed.ts"
import { given } from "./flags.ts"
import { JsonOutput, print } from "./Shell.ts"
import { history } from "./showCall.ts"

/** How long to wait before looking again, in milliseconds: short after news, longer while nothing happens. */
const shortestPause = 250
const longestPause = 1_000

/** How often in a row the program may not answer, as while it is started again: about a minute. */
const silenceLimit = 60

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
  let silences = 0
  while (true) {
    const sight = yield* Effect.catchIf(look(api, id, seen), isSilence, (error) =>
      seen.etag === undefined || ++silences > silenceLimit ? Effect.fail(error) : sayOnce(silences)
    )
    if (typeof sight === "object" && exitCodes[sight.status] !== undefined) return yield* ended(sight)
    if (sight === "silent") pause = longestPause
    else {
      silences = 0
      pause = sight === "unchanged" ? Math.min(longestPause, pause * 1.5) : shortestPause
    }
    yield* Effect.sleep(pause)
  }
})

const isSilence = (error: unknown): boolean =>
  Predicate.isTagged(error, "Unavailable") ||
  (Predicate.isTagged(error, "HttpClientError") &&
    Predicate.hasProperty(error, "reason") &&
    Predicate.isTagged(error.reason, "TransportError"))

const sayOnce = (silences: number): Effect.Effect<"silent"> =>
  Effect.as(silences === 1 ? Console.error("the program does not answer; still watching") : Effect.void, "silent")

/** The events come after the call, so they reach at least as far as what the call says. */
const look = Effect.fnUntraced(function* (api: CallsApi, id: ServiceCallId, seen: Seen) {
  const { body, headers } = yield* api.get({ params: { id }, headers: given({ "if-none-match": seen.etag }) })
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
  const now = yield* style
  yield* print(event, (event) => eventWords(event, now))
})

const ended = Effect.fnUntraced(function* (call: ServiceCall) {
  const now = yield* style
  yield* Console.log((yield* JsonOutput) ? JSON.stringify(call) : stateWords(call, now))
  const exitCode = exitCodes[call.status] ?? 0
  if (exitCode !== 0) return yield* new Ended({ exitCode })
})
