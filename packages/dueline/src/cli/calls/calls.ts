/** `dueline call submit`, `list`, `show`, `watch`, `cancel`, `reschedule` and `run`. */
import type { IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type {
  HistoryEvent,
  ServiceCall,
  ServiceCallState,
  ServiceCallSummary
} from "@dueline/contracts/api/ServiceCallView"
import type { ServiceCallStatus } from "@dueline/contracts/serviceCall/Command"
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"
import { Console, Effect, Option, Predicate, Stream } from "effect"
import { CommandFailed, Ended, hint, JsonOutput, print, usage } from "../Shell.ts"
import { withoutUndefined } from "../flags.ts"
import { type CallsApi, callsApi } from "./CallsApi.ts"
import { callWords, eventWords, listWords, stateWords, style } from "./callWords.ts"
import { type FlowInput, flowOf } from "./flowFlags.ts"
import { bodyOf, checkRequest, headersOf } from "./requestFlags.ts"

export interface SubmitInput extends FlowInput {
  readonly url: string
  readonly method: HttpMethod | undefined
  readonly headers: ReadonlyArray<string>
  readonly body: string | undefined
  readonly jsonBody: string | undefined
  readonly delay: string | undefined
  readonly dueAt: string | undefined
  readonly tags: ReadonlyArray<string>
  readonly maxAttempts: number | undefined
  readonly timeoutMs: number | undefined
  readonly key: IdempotencyKey | undefined
  readonly wait: number | undefined
}

export const submitCall = Effect.fnUntraced(function* (input: SubmitInput) {
  if (input.delay !== undefined && input.dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const body = yield* bodyOf(input)
  const payload = yield* checkRequest(SubmitServiceCall, {
    ...withoutUndefined({
      delay: input.delay,
      dueAt: input.dueAt,
      tags: input.tags.length === 0 ? undefined : input.tags,
      flow: yield* flowOf(input),
      retry: input.maxAttempts === undefined ? undefined : { maxAttempts: input.maxAttempts },
      timeoutMs: input.timeoutMs
    }),
    request: withoutUndefined({
      method: input.method ?? (body === undefined ? "GET" : "POST"),
      url: input.url,
      headers: yield* headersOf(input.headers),
      body
    })
  })
  const api = yield* callsApi
  const prefer = input.wait === undefined ? undefined : `wait=${input.wait}`
  const answer = yield* api.submit({ headers: withoutUndefined({ "idempotency-key": input.key, prefer }), payload })
  const words = yield* style
  yield* print(answer.body, (call) => ("attempts" in call ? callWords(call, words) : stateWords(call, words)))
  if (answer.headers["x-idempotent-replayed"] === "true")
    yield* hint("answered before under this key: nothing was done again")
  if (!("attempts" in answer.body)) yield* hint(`follow it with: dueline call watch ${answer.body.id}`)
})

/** `dueline call list`. */
export interface ListInput {
  readonly status: ServiceCallStatus | undefined
  readonly tag: ReadonlyArray<string>
  readonly q: string | undefined
  readonly dueFrom: string | undefined
  readonly dueTo: string | undefined
  readonly limit: number
  readonly cursor: string | undefined
  readonly all: boolean
}

/** A page under a rare filter may be empty and still have a next one; a list that is not `--all` gives up looking after so many. */
const pageLimit = 50

export const listCalls = Effect.fnUntraced(function* ({ all, cursor, limit, tag, ...filter }: ListInput) {
  const api = yield* callsApi
  const page = (after: string | undefined, size: number) =>
    api.list({
      query: withoutUndefined({ ...filter, tag: tag.length === 0 ? undefined : tag, limit: size, cursor: after })
    })
  return yield* all ? printAll(page, cursor, limit) : printSome(page, cursor, limit)
})

type Page = (
  cursor: string | undefined,
  size: number
) => Effect.Effect<{ readonly items: ReadonlyArray<ServiceCallSummary>; readonly nextCursor: string | null }, unknown>

const printSome = Effect.fnUntraced(function* (page: Page, start: string | undefined, limit: number) {
  const items: Array<ServiceCallSummary> = []
  let cursor: string | null = start ?? null
  for (let pages = 0; pages < pageLimit; pages++) {
    const { items: more, nextCursor } = yield* page(cursor ?? undefined, limit - items.length)
    items.push(...more)
    cursor = nextCursor
    if (cursor === null || items.length >= limit) break
  }
  const words = yield* style
  yield* print({ items, nextCursor: cursor }, () =>
    items.length === 0 ? "no service calls" : listWords(items, true, words)
  )
  if (cursor !== null) yield* hint(`there are more: --all, or --cursor ${cursor}`)
})

/** Prints page by page, so that memory does not grow with the list. */
const printAll = Effect.fnUntraced(function* (page: Page, start: string | undefined, size: number) {
  let cursor = start
  let heading = true
  do {
    const { items, nextCursor } = yield* page(cursor, size)
    const words = yield* style
    if (yield* JsonOutput) yield* Effect.forEach(items, (item) => Console.log(JSON.stringify(item)), { discard: true })
    else if (items.length > 0) yield* Console.log(listWords(items, heading, words))
    heading = heading && items.length === 0
    cursor = nextCursor ?? undefined
  } while (cursor !== undefined)
  if (heading && !(yield* JsonOutput)) yield* Console.log("no service calls")
})

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

/** `dueline call cancel`, `reschedule` and `run`. */
export interface ChangeInput {
  readonly id: ServiceCallId
  readonly ifMatch: string | undefined
  readonly key: IdempotencyKey | undefined
}

const requestOf = ({ id, ifMatch, key }: ChangeInput) => ({
  params: { id },
  headers: withoutUndefined({ "if-match": ifMatch, "idempotency-key": key })
})

const printState = Effect.fnUntraced(function* (state: ServiceCallState, note: string) {
  const words = yield* style
  yield* print(state, (state) => (note === "" ? stateWords(state, words) : `${stateWords(state, words)}\n${note}`))
})

export const cancelCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.cancel(requestOf(input))
  yield* printState(
    body,
    body.status === "Cancelled" ? "no request will be made" : "one request is on its way, it is the last"
  )
})

export const rescheduleCall = Effect.fnUntraced(function* (
  input: ChangeInput & { readonly delay: string | undefined; readonly dueAt: string | undefined }
) {
  const { delay, dueAt, id } = input
  if (delay === undefined && dueAt === undefined) return yield* usage("Give --delay or --due-at")
  if (delay !== undefined && dueAt !== undefined) return yield* usage("Give --delay or --due-at, not both")
  const api = yield* callsApi
  const ifMatch = input.ifMatch ?? (yield* api.get({ params: { id }, query: {}, headers: {} })).headers.etag
  const { body } = yield* api.reschedule({
    ...requestOf({ ...input, ifMatch }),
    payload: withoutUndefined({ delay, dueAt })
  })
  yield* printState(body, "")
})

export const runCall = Effect.fnUntraced(function* (input: ChangeInput) {
  const api = yield* callsApi
  const { body } = yield* api.run(requestOf(input))
  yield* printState(body, "")
  yield* hint(`follow it with: dueline call watch ${body.id}`)
})
