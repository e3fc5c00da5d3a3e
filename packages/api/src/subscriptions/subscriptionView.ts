/** How subscriptions are shown. */
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId, EpochMillis } from "@dueline/contracts/Ids"
import type { Waiting } from "@dueline/contracts/ports/Deliveries"
import {
  type SubscriptionFacts,
  type SubscriptionId,
  type SubscriptionRow,
  subscriptionTag
} from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionState, SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"

const instantOrNull = (at: EpochMillis | null): string | null => (at === null ? null : formatInstant(at))

const redeliveryView = ({ redelivery }: SubscriptionFacts): SubscriptionState["redelivery"] =>
  redelivery === null
    ? null
    : {
        number: redelivery.number,
        from: formatInstant(redelivery.from),
        to: formatInstant(redelivery.to),
        messages: redelivery.count,
        done: redelivery.done
      }

export const shown = (id: SubscriptionId, facts: SubscriptionFacts, version: number): SubscriptionState => ({
  id,
  name: facts.name,
  url: facts.url,
  topics: facts.topics,
  filter: facts.filter,
  flow: facts.flow ?? null,
  status: facts.status,
  pausedReason: facts.pausedReason,
  disabledReason: facts.disabledReason,
  secrets: facts.secrets.map(({ createdAt, secretId, validUntil }) => ({
    id: secretId,
    createdAt: formatInstant(createdAt),
    validUntil: instantOrNull(validUntil)
  })),
  failingSince: instantOrNull(facts.failingSince),
  lastFailure: facts.lastFailure,
  redelivery: redeliveryView(facts),
  createdAt: formatInstant(facts.createdAt),
  updatedAt: formatInstant(facts.updatedAt),
  version,
  links: { self: `/v1/subscriptions/${id}`, calls: `/v1/service-calls?tag=${subscriptionTag(id)}` }
})

export const viewOf = (row: SubscriptionRow): SubscriptionView => ({
  ...shown(row.subscriptionId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

export const waitingView = (row: SubscriptionRow, { count, oldestAt }: Waiting): SubscriptionView => ({
  ...viewOf(row),
  waiting: { messages: count, oldestAt: instantOrNull(oldestAt) }
})
