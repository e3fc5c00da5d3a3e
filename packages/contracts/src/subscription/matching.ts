/** Whether a subscription asks for a message: by the topic, and by the ids, the tags and the status in what the message holds. */
import { Result } from "effect"
import { Recent } from "../Recent.ts"
import { type FilterProblem, parseFilter } from "../specification/parseFilter.ts"
import { type Field, type Fields, satisfies, type Specification } from "../specification/Specification.ts"
import { callbackTopic } from "../serviceCall/Topic.ts"
import type { SubscriptionRow, SubscriptionTerms } from "./Subscription.ts"
import { testTopic } from "./Topic.ts"

/** What of a message is looked at. */
export interface Told {
  readonly topic: string
  /** The aggregate that it is about. */
  readonly streamId: string
  readonly payload: unknown
}

/** As subjects of NATS match. */
export const topicMatches = (pattern: string, topic: string): boolean => {
  const wanted = pattern.split(".")
  const words = topic.split(".")
  for (const [index, word] of wanted.entries()) {
    if (word === ">") return words.length > index
    if (index >= words.length || (word !== "*" && word !== words[index])) return false
  }
  return words.length === wanted.length
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Of a message with that name, or else of what stands in it by itself, such as `order` or `firing`. */
const partOf = (payload: unknown, name: string): unknown => {
  if (!isRecord(payload)) return undefined
  if (Object.hasOwn(payload, name)) return payload[name]
  const holder = Object.values(payload).find((part) => isRecord(part) && Object.hasOwn(part, name))
  return isRecord(holder) ? holder[name] : undefined
}

const ids = [
  "callId",
  "customerId",
  "binId",
  "orderId",
  "courierSourceId",
  "ingestionId",
  "shipmentId",
  "apiKeyId",
  "bulkJobId",
  "scheduleId",
  "subscriptionId",
  "workspaceId"
] as const

const text =
  (name: string): Field<Told>["read"] =>
  ({ payload }) => {
    const found = partOf(payload, name)
    return typeof found === "string" ? found : null
  }

/** One tag of a message with several is looked at at a time. */
interface Tagged extends Told {
  readonly tag: string | null
}

/** What filters are about. `tag` stands for any of the tags: a comparison with it holds when it does for one of them. */
export const messageFields: Fields<Tagged> = {
  topic: { type: "text", read: ({ topic }) => topic },
  aggregate: { type: "text", uuid: true, read: ({ streamId }) => streamId },
  ...Object.fromEntries(ids.map((name) => [name, { type: "text", uuid: true, read: text(name) } as const])),
  correlationId: { type: "text", read: text("correlationId") },
  status: { type: "text", read: text("status") },
  tag: { type: "text", read: ({ tag }) => tag }
}

export const readMessageFilter = (filter: string): Result.Result<Specification, FilterProblem> =>
  parseFilter(messageFields, filter)

const tagsOf = ({ payload }: Told): ReadonlyArray<string> => {
  const tags = partOf(payload, "tags")
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : []
}

const holds = (specification: Specification, told: Told, tags: ReadonlyArray<string>): boolean => {
  switch (specification._tag) {
    case "And":
      return specification.all.every((part) => holds(part, told, tags))
    case "Or":
      return specification.any.some((part) => holds(part, told, tags))
    case "Not":
      return !holds(specification.not, told, tags)
    case "Missing":
      if (specification.field === "tag") return tags.length === 0
  }
  return specification.field === "tag"
    ? tags.some((tag) => satisfies(messageFields, specification, { ...told, tag }))
    : satisfies(messageFields, specification, { ...told, tag: null })
}

const known = new Recent<string, Result.Result<Specification, FilterProblem>>(1_000)

/** Whether what a subscription asks for is this. A filter that cannot be read asks for nothing: it was refused when it was given. */
export const asksFor = ({ filter, topics }: Pick<SubscriptionTerms, "filter" | "topics">, told: Told): boolean => {
  if (!topics.some((pattern) => topicMatches(pattern, told.topic))) return false
  if (filter === null) return true
  const read = known.getOrMake(filter, readMessageFilter)
  return Result.isSuccess(read) && holds(read.success, told, tagsOf(told))
}

/** Whether a subscription is delivered this: a test is for its own, whatever that asks for, and who asked to be told of an end is told otherwise. */
export const isDelivered = (
  row: Pick<SubscriptionRow, "filter" | "subscriptionId" | "topics">,
  told: Told
): boolean => {
  if (told.topic === callbackTopic) return false
  return told.topic === testTopic ? told.streamId === (row.subscriptionId as string) : asksFor(row, told)
}
