/**
 * Looks at what subscriptions are told: each message that one asks for becomes one call, and of one aggregate the next leaves only when the one
 * before is over. Which messages there were is taken from the commits, and what a subscription asks for is read off its topics here.
 */
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { Spec } from "@dueline/contracts/serviceCall/Spec"
import { SubscriptionEvent, type SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Schema } from "effect"
import type { CallOf } from "../checks/CallModel.ts"
import { type CheckedStream, Streams } from "../checks/Streams.ts"
import type { World } from "../world/World.ts"

interface Told {
  readonly eventId: string
  readonly streamId: string
  /** Set when it is a call. */
  callId: string | null
  /** Not one that stood in line when the subscription was disabled. */
  isDue: boolean
}

interface CheckedSubscription extends CheckedStream {
  readonly topics: ReadonlyArray<string>
  /** What it asks for, in the order of commits, since it is there. */
  readonly asked: Map<string, Told>
  status: string
  /** Since when nothing may be sent to it any more, in the world's time. */
  silentSince: number | null
}

/** `*` is one word, `>` at the end one or more. */
const asks = (patterns: ReadonlyArray<string>, topic: string): boolean =>
  patterns.some((pattern) => {
    const words = topic.split(".")
    const wanted = pattern.split(".")
    const open = wanted.at(-1) === ">"
    if (open ? words.length < wanted.length : words.length !== wanted.length) return false
    return wanted.every((word, i) => word === "*" || (open && i === wanted.length - 1) || word === words[i])
  })

const over = new Set(["Succeeded", "Failed", "Cancelled"])
/** What is under way is called off within that time, in milliseconds, once nothing goes wrong any more. */
const calledOffWithinMs = 15_000

export class SubscriptionCheck {
  readonly streams: Streams<"subscription", SubscriptionEvent, CheckedSubscription>
  readonly #world: World
  readonly #callOf: CallOf
  /** By call: the delivery that it makes. */
  readonly #deliveries = new Map<string, readonly [CheckedSubscription, Told]>()

  constructor(world: World, store: MemoryStore["Service"], callOf: CallOf) {
    this.#world = world
    this.#callOf = callOf
    this.streams = new Streams(world, store, {
      kind: "subscription",
      decode: Schema.decodeUnknownSync(SubscriptionEvent),
      silent: ["RedeliveryAdvanced"],
      begin: (of, first): CheckedSubscription => {
        if (first._tag !== "SubscriptionCreated") throw new Error(`a subscription begins with ${first._tag}`)
        return { ...of, topics: first.terms.topics, asked: new Map(), status: "Active", silentSince: null }
      },
      apply: (one, event) => this.#apply(one, event),
      shown: ({ status, version }, row) => [
        [version, status],
        [row?.version, row?.status]
      ]
    })
  }

  #apply(one: CheckedSubscription, { _tag }: SubscriptionEvent): string | null {
    if (one.status === "Deleted") return "after it was deleted"
    if (_tag === "SubscriptionPaused") one.status = "Paused"
    if (_tag === "SubscriptionEnabled") one.status = "Active"
    if (_tag === "SubscriptionDisabled" || _tag === "SubscriptionDeleted") {
      one.status = _tag === "SubscriptionDeleted" ? "Deleted" : "Disabled"
      one.silentSince = this.#world.time.now
      // What stood in line for it is not told any more, whatever comes after.
      for (const told of one.asked.values()) told.isDue = false
    }
    return null
  }

  /** After each commit, whatever it was of. Its messages are for those that were there before it. */
  published({ outbox, streamId, tenantId }: Commit): void {
    if (this.#deliveries.has(streamId)) return
    for (const one of this.streams.all()) {
      if (one.tenantId !== tenantId || (one.status !== "Active" && one.status !== "Paused")) continue
      for (const { eventId, topic } of outbox) {
        const isHidden = topic === "ops.callback.due" || topic === "ops.subscription.tested"
        const isNew = !one.asked.has(eventId)
        if (!isHidden && isNew && asks(one.topics, topic))
          one.asked.set(eventId, { eventId, streamId, callId: null, isDue: true })
      }
    }
  }

  /** A call was submitted; it may be a delivery. */
  submitted(tenantId: string, callId: string, { tags }: Spec): void {
    const [subscriptionId, eventId] = ["subscription:", "event:"].map(
      (head) => tags.find((tag) => tag.startsWith(head))?.slice(head.length) ?? ""
    )
    const one = this.streams.find(tenantId, subscriptionId ?? "")
    if (one === undefined || eventId === undefined || eventId === "") return
    const told = one.asked.get(eventId) ?? { eventId, streamId: "", callId: null, isDue: false }
    if (told.callId !== null)
      this.#world.violate("a message is one call", `${eventId} for ${one.streamId}: ${told.callId} and ${callId}`)
    told.callId = callId
    this.#deliveries.set(callId, [one, told])
  }

  /** A request has left. */
  left(tenantId: string, callId: string): void {
    const [one, told] = this.#deliveries.get(callId) ?? []
    if (one === undefined || told === undefined) return
    const { silentSince, status } = one
    const { activeMs, quiet, sinceMs: worldMs, time } = this.#world
    const sinceMs = time.now - (silentSince ?? time.now)
    // As long as faults happen, whoever calls off may be killed each time.
    const undisturbedMs = Math.min(sinceMs, worldMs - activeMs)
    if (status !== "Active" && status !== "Paused" && quiet && undisturbedMs > calledOffWithinMs)
      this.#world.violate("nothing is sent to who is disabled", `${callId} left ${sinceMs} ms after it was ${status}`)
    for (const before of one.asked.values()) {
      if (before === told) return
      if (before.streamId !== told.streamId || (before.callId === null && !before.isDue)) continue
      const now = before.callId === null ? null : (this.#callOf(tenantId, before.callId)?.status ?? null)
      if (now === null || !over.has(now))
        this.#world.violate(
          "messages of an aggregate are delivered in order",
          `${told.eventId} of ${told.streamId} left while ${before.eventId} is ${now ?? "not made"}`
        )
    }
  }

  /** Those of the tenant that could be told something and are not. */
  readonly resting = (tenantId: string): ReadonlyArray<SubscriptionId> =>
    this.streams
      .all()
      .filter((one) => one.tenantId === tenantId && (one.status === "Paused" || one.status === "Disabled"))
      .map(({ streamId }) => streamId as string as SubscriptionId)

  /** What was asked for and is no call, in words. */
  unfinished(): ReadonlyArray<string> {
    return this.streams
      .all()
      .filter(({ status }) => status === "Active")
      .flatMap(({ asked, streamId }) =>
        [...asked.values()].flatMap(({ callId, eventId, isDue }) =>
          callId === null && isDue ? [`${eventId} is not delivered to ${streamId}`] : []
        )
      )
  }
}
