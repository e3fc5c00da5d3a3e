/** What the caller wants of a subscription, looked at before anybody is asked: whether there is such a topic, what a filter means, where messages go. */
import type { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { Waiting } from "@dueline/contracts/ports/Deliveries"
import {
  type SubscriptionFacts,
  type SubscriptionId,
  type SubscriptionRow,
  subscriptionTag
} from "@dueline/contracts/subscription/Subscription"
import type { SubscriptionState, SubscriptionView } from "@dueline/contracts/subscription/SubscriptionBodies"
import { readMessageFilter, topicMatches } from "@dueline/contracts/subscription/matching"
import { topicNames } from "@dueline/contracts/topics/topics"
import { Effect, Result } from "effect"
import { invalidRequest } from "../requests/requestBody.ts"

interface Asked {
  readonly topics?: ReadonlyArray<string>
  readonly filter?: string | null
}

const topicProblems = ({ topics = [] }: Asked): ReadonlyArray<FieldProblem> =>
  topics.flatMap((pattern, index) =>
    topicNames.some((topic) => topicMatches(pattern, topic))
      ? []
      : [{ path: `body.topics.${index}`, message: "stands for no topic that there is: see docs/events.md" }]
  )

const filterProblems = ({ filter = null }: Asked): ReadonlyArray<FieldProblem> => {
  const read = filter === null ? null : readMessageFilter(filter)
  if (read === null || Result.isSuccess(read)) return []
  const { code, message } = read.failure
  return [{ path: "body.filter", code, message }]
}

export const looked = (asked: Asked) => {
  const problems = [...topicProblems(asked), ...filterProblems(asked)]
  return problems.length === 0 ? Effect.void : invalidRequest(problems)
}

const here: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"])

const isSafe = (url: URL): boolean => url.protocol === "https:" || (url.protocol === "http:" && here.has(url.hostname))

const unsafe = [{ path: "body.url", code: "https_required", message: "Send an https address." }]

/** The address as it may be shown. It is held against the same rules as any call's. */
export const lookedAddress = (
  intake: RequestIntake["Service"],
  tenantId: TenantId,
  id: SubscriptionId,
  url: string
) => {
  const parsed = URL.parse(url)
  if (parsed !== null && !isSafe(parsed)) return invalidRequest(unsafe)
  const admitted = intake.admit(tenantId, id as string as ServiceCallId, {
    method: "POST",
    url,
    headers: {},
    body: null
  })
  return Result.isSuccess(admitted)
    ? Effect.succeed(admitted.success.spec.request.url)
    : invalidRequest(admitted.failure.map(({ code, message }) => ({ path: "body.url", code, message })))
}

/** How subscriptions are shown. */
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
