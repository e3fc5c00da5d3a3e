/** A subscription to tell stories about, and random stories of it. */
import { type SubscriptionCommand, SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { Schema } from "effect"
import * as Field from "./FieldSample.ts"

const { ms, origin, t0 } = Field

export const subscriptionId = SubscriptionId.make("00000000-0000-7000-8000-e60000000001")
const secretIdOf = (n: number) => `00000000-0000-7000-8000-e7${n.toString(16).padStart(10, "0")}`

type CreateSubscription = Extract<SubscriptionCommand, { readonly _tag: "CreateSubscription" }>

export const create = (fingerprint = "f1"): CreateSubscription => ({
  _tag: "CreateSubscription",
  subscriptionId,
  at: t0,
  terms: { name: "warehouse", url: "https://example.com/hooks", topics: ["ops.>"], filter: null },
  sealedUrl: "v1.key.url",
  secretId: secretIdOf(0),
  sealed: "v1.key.first",
  fingerprint,
  origin
})

const SubscriptionStep = Schema.Struct({
  what: Schema.Literals([
    ...(["create", "update", "move", "rotate", "rotate", "pause", "enable", "enable", "test"] as const),
    ...(["redeliver", "advance", "advance", "fail", "recover", "disable", "delete"] as const)
  ]),
  wait: Schema.Literals([0, 1_000, 60_000]),
  fingerprint: Schema.Literals(["f1", "f1", "f2"]),
  isLate: Schema.Boolean
})
export const SubscriptionStory = Schema.Array(SubscriptionStep)

export const subscriptionCommands = (story: typeof SubscriptionStory.Type): ReadonlyArray<SubscriptionCommand> => {
  let at = t0
  let number = 0
  let after: number | null = null
  const told = story.map(({ fingerprint, isLate, wait, what }, n): SubscriptionCommand => {
    at = ms(at + wait)
    const about = { subscriptionId, at }
    switch (what) {
      case "create":
        return create(fingerprint)
      case "update":
        return {
          _tag: "UpdateSubscription",
          ...about,
          changes: { filter: isLate ? null : `tag eq "${n}"` },
          sealedUrl: null
        }
      case "move":
        return {
          _tag: "UpdateSubscription",
          ...about,
          changes: { url: "https://example.org/" },
          sealedUrl: `v1.key.${n}`
        }
      case "rotate":
        return {
          _tag: "RotateSubscriptionSecret",
          ...about,
          secretId: secretIdOf(isLate ? 0 : n + 1),
          sealed: `v1.key.${n}`,
          overlapMs: 30_000
        }
      case "pause":
        return { _tag: "PauseSubscription", ...about, reason: isLate ? null : "the warehouse moves" }
      case "enable":
        return { _tag: "EnableSubscription", ...about }
      case "test":
        return { _tag: "TestSubscription", ...about }
      case "redeliver":
        if (!isLate) [number, after] = [number + 1, null]
        return { _tag: "RedeliverSubscription", ...about, from: t0, to: at }
      case "advance": {
        const before: number | null = after
        after = isLate ? after : (after ?? 0) + 1
        return { _tag: "AdvanceRedelivery", ...about, number, before, after, put: 2, last: n % 2 === 0 }
      }
      case "fail":
        return { _tag: "RecordSubscriptionHealth", ...about, failingSince: at, lastFailure: "HTTP 503" }
      case "recover":
        return { _tag: "RecordSubscriptionHealth", ...about, failingSince: null, lastFailure: null }
      case "disable":
        return { _tag: "DisableSubscription", ...about, reason: isLate ? "gone" : "failing", lastFailure: "HTTP 503" }
      case "delete":
        return isLate ? { _tag: "DeleteSubscription", ...about } : { _tag: "EnableSubscription", ...about }
    }
  })
  return [create(), ...told]
}
