/** `dueline flow define`, `list`, `show` and `remove`, and `dueline pause create`, `list` and `resume`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { FlowStatus } from "@dueline/contracts/flow/Flow"
import type { FlowState, FlowView } from "@dueline/contracts/flow/FlowEndpoints"
import type { PauseId, PauseOf, PauseStatus } from "@dueline/contracts/pause/Pause"
import type { PauseState, PauseView } from "@dueline/contracts/pause/PauseEndpoints"
import { Effect } from "effect"
import { CommandFailed, hint, print } from "../Shell.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { flowsApi, pausesApi } from "./CallsApi.ts"

const flowWords = (flow: FlowState & { readonly text?: string }): string =>
  pairs([
    ["flow", flow.key],
    ["id", flow.id],
    ["status", flow.status],
    ["at once", flow.concurrency === null ? null : `${flow.concurrency}`],
    ["a second", flow.ratePerSecond === null ? null : `${flow.ratePerSecond}`],
    ["now", flow.text ?? null]
  ])

export const defineFlow = Effect.fnUntraced(function* (input: {
  readonly key: string
  readonly concurrency: number | undefined
  readonly ratePerSecond: number | undefined
}) {
  const api = yield* flowsApi
  const { concurrency, key, ratePerSecond } = input
  const { body } = yield* api.define({
    headers: {},
    payload: { key, ...withoutUndefined({ concurrency, ratePerSecond }) }
  })
  yield* print(body, flowWords)
})

const flowListWords = (items: ReadonlyArray<FlowView>): string =>
  items.length === 0
    ? "no flows"
    : table([
        ["KEY", "STATUS", "AT ONCE", "A SECOND", "NOW"],
        ...items.map(({ concurrency, key, ratePerSecond, status, text }) => [
          key,
          status,
          `${concurrency ?? "-"}`,
          `${ratePerSecond ?? "-"}`,
          text
        ])
      ])

export const listFlows = Effect.fnUntraced(function* (input: {
  readonly status: FlowStatus | undefined
  readonly limit: number
}) {
  const api = yield* flowsApi
  const { limit, status } = input
  const page = yield* api.list({ query: { limit, ...withoutUndefined({ status }) } })
  yield* print(page, ({ items }) => flowListWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

/** By its key, which people know. */
const found = Effect.fnUntraced(function* (key: string) {
  const api = yield* flowsApi
  const { items } = yield* api.list({ query: { limit: 1, key } })
  const [flow] = items
  if (flow !== undefined) return flow
  return yield* new CommandFailed({
    message: `There is no flow ${JSON.stringify(key)}`,
    notes: ["see which there are with `dueline flow list`"]
  })
})

export const showFlow = Effect.fnUntraced(function* ({ key }: { readonly key: string }) {
  yield* print(yield* found(key), flowWords)
})

export const removeFlow = Effect.fnUntraced(function* ({ key }: { readonly key: string }) {
  const { id } = yield* found(key)
  const api = yield* flowsApi
  const { body } = yield* api.remove({ params: { id }, headers: {} })
  yield* print(body, flowWords)
})

/** `dueline pause create`, `list` and `resume`. */
const subject = ({ key, of }: PauseState): string => (key === null ? of : `${of} ${key}`)

const pauseWords = (pause: PauseState): string =>
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
  yield* print(body, pauseWords)
  yield* hint(`it holds until: dueline pause resume ${body.id}`)
})

const pauseListWords = (items: ReadonlyArray<PauseView>): string =>
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
  yield* print(page, ({ items }) => pauseListWords(items))
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
  yield* print(body, pauseWords)
})
