/** `dueline pause create`, `list` and `resume`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { PauseId, PauseOf, PauseStatus } from "@dueline/contracts/pause/Pause"
import type { PauseState, PauseView } from "@dueline/contracts/pause/PauseEndpoints"
import { Effect } from "effect"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { hint, print } from "../Shell.ts"
import { pausesApi } from "./CallsApi.ts"

const subject = ({ key, of }: PauseState): string => (key === null ? of : `${of} ${key}`)

const words = (pause: PauseState): string =>
  pairs([
    ["pause", pause.id],
    ["of", subject(pause)],
    ["status", pause.status],
    ["reason", pause.reason],
    ["paused", `${pause.createdAt} by ${pause.pausedBy}`],
    ["resumed", pause.resumedAt === null ? null : `${pause.resumedAt} by ${pause.resumedBy}`],
    ["release", pause.releasePerSecond === null ? null : `${pause.releasePerSecond} a second`]
  ])

export const createPause = Effect.fnUntraced(function* (input: {
  readonly of: PauseOf
  readonly subject: string | undefined
  readonly reason: string
  readonly key: IdempotencyKey | undefined
}) {
  const api = yield* pausesApi
  const { of, reason, subject } = input
  const { body } = yield* api.create({
    headers: withoutUndefined({ "idempotency-key": input.key }),
    payload: { of, reason, ...withoutUndefined({ key: subject }) }
  })
  yield* print(body, words)
  yield* hint(`it holds until: dueline pause resume ${body.id}`)
})

const listWords = (items: ReadonlyArray<PauseView>): string =>
  items.length === 0
    ? "no pauses"
    : table([
        ["ID", "STATUS", "OF", "SINCE", "BY", "REASON"],
        ...items.map((pause) => [pause.id, pause.status, subject(pause), pause.createdAt, pause.pausedBy, pause.reason])
      ])

export const listPauses = Effect.fnUntraced(function* (input: {
  readonly of: PauseOf | undefined
  readonly status: PauseStatus | undefined
  readonly limit: number
}) {
  const api = yield* pausesApi
  const { limit, of, status } = input
  const page = yield* api.list({ query: { limit, ...withoutUndefined({ of, status }) } })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

export const resumePause = Effect.fnUntraced(function* (input: {
  readonly id: PauseId
  readonly releasePerSecond: number | undefined
  readonly ifMatch: string | undefined
}) {
  const api = yield* pausesApi
  const { id, ifMatch, releasePerSecond } = input
  const { body } = yield* api.resume({
    params: { id },
    headers: withoutUndefined({ "if-match": ifMatch }),
    payload: withoutUndefined({ releasePerSecond })
  })
  yield* print(body, words)
})
