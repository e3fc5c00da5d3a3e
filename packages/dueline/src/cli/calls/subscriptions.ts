/** `dueline subscription create`, `list`, `show`, `update`, `rotate`, `pause`, `enable`, `test`, `redeliver` and `delete`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { SubscriptionId, SubscriptionStatus } from "@dueline/contracts/subscription/Subscription"
import {
  CreateSubscription,
  RedeliverSubscription,
  type SubscriptionState,
  type SubscriptionView,
  UpdateSubscription
} from "@dueline/contracts/subscription/SubscriptionBodies"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { Clock, Effect } from "effect"
import { withoutUndefined } from "../flags.ts"
import { type FlowInput, flowOf } from "./flowFlags.ts"
import { pairs, table } from "../format.ts"
import { hint, print } from "../Shell.ts"
import { subscriptionsApi } from "./CallsApi.ts"
import { runPlanned, showPlan } from "./jobs.ts"
import { checkRequest } from "./requestFlags.ts"

interface Asked {
  readonly id: SubscriptionId
  readonly key: IdempotencyKey | undefined
}

const statusWords = ({ disabledReason, pausedReason, status }: SubscriptionState): string => {
  const reason = pausedReason ?? disabledReason
  return reason === null ? status : `${status}: ${reason}`
}

const waitingWords = (waiting: SubscriptionView["waiting"]): string | null =>
  waiting === undefined
    ? null
    : `${waiting.messages}${waiting.oldestAt === null ? "" : `, the oldest since ${waiting.oldestAt}`}`

type Shown = SubscriptionState & { readonly secret?: string | null } & Pick<SubscriptionView, "waiting">

const words = (subscription: Shown): string => {
  const { failingSince, lastFailure, redelivery } = subscription
  return pairs([
    ["subscription", subscription.id],
    ["name", subscription.name],
    ["status", statusWords(subscription)],
    ["endpoint", subscription.url],
    ["topics", subscription.topics.join(" ")],
    ["filter", subscription.filter],
    ["flow", subscription.flow?.key ?? null],
    ["secret", subscription.secret ?? null],
    ["secrets", `${subscription.secrets.length}`],
    ["failing", failingSince === null ? null : `since ${failingSince}: ${lastFailure ?? "unknown"}`],
    ["waiting", waitingWords(subscription.waiting)],
    [
      "once more",
      redelivery === null
        ? null
        : `${redelivery.from} to ${redelivery.to}: ${redelivery.messages}${redelivery.done ? "" : " so far"}`
    ]
  ])
}

const headersOf = ({ key }: Asked) => withoutUndefined({ "idempotency-key": key })

export const createSubscription = Effect.fnUntraced(function* (
  input: FlowInput & {
    readonly url: string
    readonly topics: ReadonlyArray<string>
    readonly filter: string | undefined
    readonly name: string | undefined
    readonly key: IdempotencyKey | undefined
  }
) {
  const { filter, key, name, topics, url } = input
  const flow = yield* flowOf(input)
  const payload = yield* checkRequest(CreateSubscription, { url, topics, ...withoutUndefined({ filter, flow, name }) })
  const api = yield* subscriptionsApi
  const { body } = yield* api.create({ headers: withoutUndefined({ "idempotency-key": key }), payload })
  yield* print(body, words)
  yield* hint(`try it: dueline subscription test ${body.id}`)
})

const listWords = (items: ReadonlyArray<SubscriptionView>): string =>
  items.length === 0
    ? "no subscriptions"
    : table([
        ["ID", "STATUS", "NAME", "ENDPOINT", "TOPICS"],
        ...items.map((one) => [one.id, statusWords(one), one.name ?? "-", one.url, one.topics.join(" ")])
      ])

export const listSubscriptions = Effect.fnUntraced(function* (input: {
  readonly name: string | undefined
  readonly status: SubscriptionStatus | undefined
  readonly limit: number
}) {
  const { limit, name, status } = input
  const api = yield* subscriptionsApi
  const page = yield* api.list({ query: { limit, ...withoutUndefined({ name, status }) } })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

export const showSubscription = Effect.fnUntraced(function* ({ id }: { readonly id: SubscriptionId }) {
  const api = yield* subscriptionsApi
  const answer = yield* api.get({ params: { id }, query: {}, headers: {} })
  if ("body" in answer) yield* print(answer.body as SubscriptionView, words)
})

export const updateSubscription = Effect.fnUntraced(function* (
  input: Asked & {
    readonly url: string | undefined
    readonly topics: ReadonlyArray<string>
    readonly filter: string | undefined
    readonly name: string | undefined
  }
) {
  const { filter, id, name, topics, url } = input
  const changes = { ...withoutUndefined({ url, filter, name }), ...(topics.length === 0 ? {} : { topics }) }
  const payload = yield* checkRequest(UpdateSubscription, changes)
  const api = yield* subscriptionsApi
  const { body } = yield* api.update({ params: { id }, headers: headersOf(input), payload })
  yield* print(body, words)
})

export const rotateSecret = Effect.fnUntraced(function* (input: Asked & { readonly overlap: string | undefined }) {
  const { id, overlap } = input
  const api = yield* subscriptionsApi
  const payload = withoutUndefined({ overlap })
  const { body } = yield* api.rotate({ params: { id }, headers: headersOf(input), payload })
  yield* print(body, words)
})

export const pauseSubscription = Effect.fnUntraced(function* (input: Asked & { readonly reason: string | undefined }) {
  const { id, reason } = input
  const api = yield* subscriptionsApi
  const payload = withoutUndefined({ reason })
  const { body } = yield* api.pause({ params: { id }, headers: headersOf(input), payload })
  yield* print(body, words)
})

export const redeliverSubscription = Effect.fnUntraced(function* (
  input: Asked & {
    readonly from: string
    readonly to: string | undefined
    readonly plan: boolean
    readonly rate: number | undefined
  }
) {
  const { from, id, plan, rate, to } = input
  if (plan || rate !== undefined) {
    const until = to ?? formatInstant(yield* Clock.currentTimeMillis)
    const asked = { action: "redeliver-messages", filter: { subscription: id, from, to: until } } as const
    return yield* plan ? showPlan(asked) : runPlanned(asked, rate)
  }
  const payload = yield* checkRequest(RedeliverSubscription, { from, ...withoutUndefined({ to }) })
  const api = yield* subscriptionsApi
  const { body } = yield* api.redeliver({ params: { id }, headers: headersOf(input), payload })
  yield* print(body, words)
})

export const changeSubscription = (what: "enable" | "test" | "delete") =>
  Effect.fnUntraced(function* (input: Asked) {
    const api = yield* subscriptionsApi
    const ask = { enable: api.enable, test: api.test, delete: api.remove }[what]
    const { body } = yield* ask({ params: { id: input.id }, headers: headersOf(input) })
    yield* print(body, words)
  })
