/** `dueline flow define`, `list`, `show` and `remove`. */
import type { FlowStatus } from "@dueline/contracts/flow/Flow"
import type { FlowState, FlowView } from "@dueline/contracts/flow/FlowEndpoints"
import { Effect } from "effect"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { CommandFailed, hint, print } from "../Shell.ts"
import { flowsApi } from "./CallsApi.ts"

const words = (flow: FlowState & { readonly text?: string }): string =>
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
  yield* print(body, words)
})

const listWords = (items: ReadonlyArray<FlowView>): string =>
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
  yield* print(page, ({ items }) => listWords(items))
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
  yield* print(yield* found(key), words)
})

export const removeFlow = Effect.fnUntraced(function* ({ key }: { readonly key: string }) {
  const { id } = yield* found(key)
  const api = yield* flowsApi
  const { body } = yield* api.remove({ params: { id }, headers: {} })
  yield* print(body, words)
})
