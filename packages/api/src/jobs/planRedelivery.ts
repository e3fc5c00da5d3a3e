/** The plan of a redelivery: which kept messages of a time a subscription asks for now. None of them is put in line yet. */
import type { BulkPlanView, PlanBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { TenantId } from "@dueline/contracts/Ids"
import { DeliveryQueries } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import type { SubscriptionId, SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { Effect, Result } from "effect"
import { storeUnavailable } from "../requests/refusal.ts"
import { orDeny } from "../requests/reject.ts"
import { now } from "../resources/asking.ts"
import { pastRange, wrongFilter } from "./pastRange.ts"
import { countedBy, makeTokens, pageSize } from "./plan.ts"

const chosen = ({ filter }: PlanBulkJob, row: SubscriptionRow | null, at: number) => {
  if (row === null || row.status === "Deleted")
    return wrongFilter("subscription", "there is no such subscription in this tenant")
  if (row.status === "Disabled")
    return wrongFilter("subscription", "is disabled: mend its endpoint and enable it first")
  return Result.map(pastRange(filter, at, "messages to come are delivered by themselves"), (range) => ({
    row,
    ...range
  }))
}

interface Behind {
  readonly after: number | null
}

export const makePlanRedelivery = Effect.gen(function* () {
  const queries = yield* OpsQueries
  const lines = yield* DeliveryQueries
  const tokens = yield* makeTokens

  return Effect.fnUntraced(function* (tenantId: TenantId, body: PlanBulkJob) {
    const at = yield* now
    const subscriptionId = body.filter.subscription as SubscriptionId
    const there = yield* Effect.catch(queries.find("subscription", tenantId, subscriptionId), storeUnavailable)
    const { from, row, to } = yield* orDeny(chosen(body, there, at))
    const work = { _tag: "RedeliverMessages", filter: { subscriptionId, from, to } } as const
    const look = ({ after }: Behind) =>
      Effect.map(lines.kept({ tenantId, from, to: to - 1, after, limit: pageSize }), (page) => ({
        seen: page
          .filter((message) => isDelivered(row, message))
          .map(({ eventId, topic }) => ({ id: eventId, target: topic, reason: null })),
        next: page.length < pageSize ? null : { after: page.at(-1)?.seq ?? after }
      }))
    const first: Behind = { after: null }
    const { count, exact, ...found } = yield* Effect.catch(countedBy(work, first, look), storeUnavailable)
    return { ...tokens.issue(tenantId, work, { at, count, exact }), ...found } satisfies BulkPlanView
  })
})
