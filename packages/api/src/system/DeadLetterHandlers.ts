/** Dead letters over HTTP: how they are listed and shown. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { type DeadLetterSummary, type DeadLetterView, outboxGroup } from "@dueline/contracts/api/DeadLetterEndpoints"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import type { IdempotencyKey, StreamId } from "@dueline/contracts/Ids"
import {
  DeadLetterQueries,
  type LetterDetail,
  type LetterFilter,
  type LetterSummary
} from "@dueline/contracts/ports/DeadLetters"
import { Effect, Layer, type Schema } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { derivedId } from "@dueline/identity/derivedId"
import { now, type Raw } from "../resources/asking.ts"
import { type Beginning, makeBegin } from "../jobs/start.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, letterMark, makePaging } from "../resources/paging.ts"
import { notFound, reject, storeUnavailable } from "../requests/refusal.ts"
import { noBody } from "../requests/requestBody.ts"

type ListQuery = Raw<"dead-letters", "list">["query"]

export const letterFilterOf = (
  query: Pick<ListQuery, "state" | "topic" | "group" | "reason" | "from" | "to">
): LetterFilter => ({
  state: query.state ?? null,
  topic: query.topic ?? null,
  group: query.group === undefined ? null : query.group === outboxGroup ? "" : query.group,
  reason: query.reason ?? null,
  from: query.from === undefined ? null : parseInstant(query.from, "up"),
  to: query.to === undefined ? null : parseInstant(query.to, "up")
})

const summaryOf = (letter: LetterSummary): DeadLetterSummary => ({
  id: letter.id,
  state: letter.state,
  topic: letter.topic,
  group: letter.group === "" ? outboxGroup : letter.group,
  eventId: letter.eventId,
  streamId: letter.streamId as StreamId,
  failures: letter.failures,
  reason: letter.reason,
  diedAt: formatInstant(letter.diedAt),
  replays: letter.replays,
  replayedAt: letter.replayedAt === null ? null : formatInstant(letter.replayedAt),
  links: {
    self: `/v1/dead-letters/${letter.id}`,
    job: letter.replayJob === null ? null : `/v1/jobs/${letter.replayJob}`
  }
})

const viewOf = (letter: LetterDetail): DeadLetterView => ({
  ...summaryOf(letter),
  payload: letter.payload as Schema.Json,
  attempts: letter.attempts.map(({ at, error }) => ({ at: at === null ? null : formatInstant(at), error }))
})

const code = "dead_letter_not_found"
const missing = reject(code, notFound(code).advice)

const gone = reject("dead_letter_not_waiting", "Nothing is to be done: it was replayed, and is not given up again.")

/** Of one letter the n-th replay is one job, for ever. */
const makeReplay = Effect.gen(function* () {
  const queries = yield* DeadLetterQueries
  const begin = yield* makeBegin
  return Effect.fnUntraced(function* ({ params, request }: Raw<"dead-letters", "replay">) {
    yield* noBody(request)
    const { tenantId } = yield* Principal
    const letter = yield* queries.find(tenantId, params.id).pipe(Effect.catch(storeUnavailable))
    if (letter === null) return yield* missing
    if (letter.state === "Replayed") return yield* gone
    const { id, replays } = letter
    const which = letter.state === "Waiting" ? replays + 1 : replays
    const key = `dead-letter:${id}:${which}` as IdempotencyKey
    const filter = { id, topic: null, group: null, reason: null, from: null, to: null }
    const beginning: Beginning = {
      bulkJobId: derivedId("bulk-job", tenantId, key),
      work: { _tag: "ReplayDeadLetters", filter },
      plan: { at: yield* now, count: 1, exact: true },
      rate: 1
    }
    return yield* begin(request, beginning, 202)
  })
})

const makeReads = Effect.gen(function* () {
  const queries = yield* DeadLetterQueries
  const paging = yield* makePaging(letterMark)
  return {
    list: Effect.fnUntraced(function* ({ query }: Raw<"dead-letters", "list">) {
      const { tenantId } = yield* Principal
      const { cursor, limit = defaultLimit } = query
      const filter = letterFilterOf(query)
      const about = { list: "dead-letters", filter }
      const after = yield* paging.after(tenantId, about, cursor)
      const page = yield* queries.list({ tenantId, filter, after, limit }).pipe(Effect.catch(storeUnavailable))
      return { items: page.letters.map(summaryOf), nextCursor: paging.next(tenantId, about, page.next) }
    }),
    get: Effect.fnUntraced(function* ({ params }: Raw<"dead-letters", "get">) {
      const { tenantId } = yield* Principal
      const letter = yield* queries.find(tenantId, params.id).pipe(Effect.catch(storeUnavailable))
      return letter === null ? yield* missing : viewOf(letter)
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { get, list } = yield* makeReads
    const replay = yield* makeReplay
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "dead-letters", (handlers) =>
        handlers.handle("list", list).handle("get", get).handle("replay", replay)
      )
    )
  })
)
