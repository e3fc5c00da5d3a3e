/**
 * The JetStream consumer of a group, as data.
 *
 * A durable group has one consumer, pinned to one member at a time: the pinned member gets every message, the others wait to take its
 * place. That keeps a tenant's messages in order with several processes in the group. Without a policy they would be spread over the
 * members; with `prioritized` the second member gets what comes while the first one's pulls are used up, that is in every burst. A
 * member that is gone is replaced after `takeoverMs`, one that leaves properly at once.
 */
import { AckPolicy, type ConsumerConfig, DeliverPolicy } from "@nats-io/jetstream"
import { nanos } from "@nats-io/nats-core"
import { createHash } from "node:crypto"
import { eventFilters, token } from "../Subjects.ts"

export interface Interest {
  readonly group: string
  readonly topics: ReadonlyArray<string>
  readonly tenantId?: string
  readonly transient?: boolean
  /** It hears by another way too of what does not go by the bus: for it alone nothing is published. */
  readonly overhears?: boolean
}

export interface ConsumerRules {
  /** Milliseconds until what a dead process held comes to another. */
  readonly ackWaitMs: number
  /** Messages that may be with the group unacknowledged: what one process holds in memory at the most. */
  readonly maxHeld: number
}

/** Milliseconds without a pull from the pinned member until another is pinned. Pulls are renewed more than twice in that time. */
export const takeoverMs = 5_000
export const pullMs = 2_000
export const pinGroup = "bus"

/** In the metadata of a consumer for which alone nothing is published. */
export const overhearsMark = "overhears"

/** Events are kept for so long: a consumer that had no member all that time has missed them all, and its position is of no use. */
const forgottenMs = 14 * 86_400_000
const transientMs = 30_000

/** The group and what it listens to, as a name that JetStream takes: two sets of filters are two consumers. */
export const consumerName = ({ group, tenantId = "", topics }: Interest): string => {
  const hash = createHash("sha256").update(JSON.stringify([group, tenantId, [...new Set(topics)].sort()]))
  return `${token(group).slice(0, 60)}-${hash.digest("hex").slice(0, 16)}`
}

const filterOf = (filters: ReadonlyArray<string>): Partial<ConsumerConfig> =>
  filters.length === 1 ? { filter_subject: filters[0] ?? "" } : { filter_subjects: [...filters] }

const common = (
  prefix: string,
  { group, overhears, tenantId, topics }: Interest,
  { ackWaitMs, maxHeld }: ConsumerRules
) => ({
  ...filterOf(eventFilters(prefix, topics, tenantId)),
  ack_policy: AckPolicy.Explicit,
  ack_wait: nanos(ackWaitMs),
  max_ack_pending: maxHeld,
  max_deliver: -1,
  metadata: { group, ...(overhears === true ? { [overhearsMark]: "yes" } : {}) }
})

/** Begins with the oldest event that is still kept, so that nothing is missed between the stream's making and the group's. */
export const durableConsumer = (prefix: string, interest: Interest, rules: ConsumerRules) => ({
  ...common(prefix, interest, rules),
  durable_name: consumerName(interest),
  deliver_policy: DeliverPolicy.All,
  inactive_threshold: nanos(forgottenMs),
  priority_policy: "pinned_client" as const,
  priority_groups: [pinGroup],
  priority_timeout: nanos(takeoverMs)
})

/** For one member alone; removed 30 s after its last pull. Begins behind the sequence `after`, or with new events when that is undefined. */
export const transientConsumer = (
  prefix: string,
  interest: Interest,
  rules: ConsumerRules,
  name: string,
  after: number | undefined
) => ({
  ...common(prefix, interest, rules),
  name,
  mem_storage: true,
  num_replicas: 1,
  inactive_threshold: nanos(transientMs),
  ...(after === undefined
    ? { deliver_policy: DeliverPolicy.New }
    : { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 })
})
