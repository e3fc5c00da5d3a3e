/** The plan of a redelivery: which kept messages of a time a subscription asks for now. None of them is put in line yet. */
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import type { BulkPlanView, PlanBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import { maxPlanned, planMs, sampleSize } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { DeliveryQueries, type KeptMessage } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import type { SubscriptionId, SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { Clock, Effect, Result } from "effect"
import { storeUnavailable } from "../requests/refusal.ts"
import { type Denial, orDeny } from "../requests/reject.ts"
import { invalid } from "../requests/requestBody.ts"
import { now } from "../resources/asking.ts"
import { pathOfItem } from "./jobView.ts"
import { countMs, makeTokens, mostFrequent } from "./plan.ts"

interface Chosen {
  readonly row: SubscriptionRow
  readonly from: EpochMillis
  readonly to: EpochMillis
}

const wrong = (member: string, message: string): Result.Result<never, Denial<"invalid_request">> =>
  Result.fail(invalid([{ path: `body.filter.${member}`, message }]))

const chosen = ({ filter }: PlanBulkJob, row: SubscriptionRow | null, at: number) => {
  if (row === null || row.status === "Deleted")
    return wrong("subscription", "there is no such subscription in this tenant")
  if (row.status === "Disabled") return wrong("subscription", "is disabled: mend its endpoint and enable it first")
  const [from, to] = [parseInstant(filter.from ?? "", "up"), parseInstant(filter.to ?? "", "up")]
  if (to > at) return wrong("to", "must not be later than now: messages to come are delivered by themselves")
  if (from >= to) return wrong("to", "must be later than `from`")
  return Result.succeed<Chosen>({ row, from: from as EpochMillis, to: to as EpochMillis })
}

const pageSize = 500

export const makePlanRedelivery = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const lines = yield* DeliveryQueries
  const tokens = yield* makeTokens

  return Effect.fnUntraced(function* (tenantId: TenantId, body: PlanBulkJob) {
    const at = yield* now
    const subscriptionId = body.filter.subscription as SubscriptionId
    const found = yield* Effect.catch(queries.find("subscription", tenantId, subscriptionId), storeUnavailable)
    const { from, row, to } = yield* orDeny(chosen(body, found, at))
    const work = { _tag: "RedeliverMessages", filter: { subscriptionId, from, to } } as const
    const until = (yield* Clock.currentTimeNanos) + BigInt(countMs) * 1_000_000n
    const sample: Array<KeptMessage> = []
    const topics = new Map<string, number>()
    let count = 0
    let after: number | null = null
    let isWhole = false
    while (!isWhole && count < maxPlanned && (yield* Clock.currentTimeNanos) < until) {
      const asked = { tenantId, from, to: to - 1, after, limit: pageSize }
      const page: ReadonlyArray<KeptMessage> = yield* Effect.catch(lines.kept(asked), storeUnavailable)
      const wanted = page.filter((message) => isDelivered(row, message))
      count += wanted.length
      sample.push(...wanted.slice(0, sampleSize - sample.length))
      for (const { topic } of wanted) topics.set(topic, (topics.get(topic) ?? 0) + 1)
      after = page.at(-1)?.seq ?? after
      isWhole = page.length < pageSize
    }
    const plan = { at, count, exact: isWhole }
    return {
      action: body.action,
      count,
      exact: isWhole,
      sample: sample.map(({ eventId, topic }) => ({
        id: eventId,
        target: topic,
        reason: null,
        links: { self: pathOfItem(work, eventId) }
      })),
      byTarget: mostFrequent(topics),
      byReason: [],
      plannedAt: formatInstant(at),
      expiresAt: formatInstant(at + planMs),
      token: tokens.seal(tenantId, { work, plan })
    } satisfies BulkPlanView
  })
})
