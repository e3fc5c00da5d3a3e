/** The subscription aggregate: its state, which of its secrets are valid until when, what is asked of it and what it announces. */
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import {
  maxSecrets,
  type Redelivery,
  RedeliveryUnderWay,
  type SubscriptionCommand,
  SubscriptionEvent,
  SubscriptionFacts,
  type SubscriptionId,
  SubscriptionIdTaken,
  SubscriptionIsDeleted,
  SubscriptionIsDisabled,
  SubscriptionNotFound,
  type SubscriptionOutcome,
  type SubscriptionRejection,
  type SubscriptionTerms
} from "@dueline/contracts/subscription/Subscription"
import { readParts, urlPart, writeParts } from "@dueline/contracts/subscription/sealedParts"
import { type SubscriptionChanged, type SubscriptionTopic, testTopic } from "@dueline/contracts/subscription/Topic"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const SubscriptionState = Schema.TaggedUnion({
  Unknown: {},
  Known: {
    subscription: SubscriptionFacts,
    fingerprint: Schema.NullOr(Schema.String),
    correlationId: CorrelationId
  }
})
type SubscriptionState = typeof SubscriptionState.Type

const initial: SubscriptionState = { _tag: "Unknown" }

type Secrets = SubscriptionFacts["secrets"]

/** Those before, each until the earlier of its own end and `until`; the expired and the oldest of too many are left out. */
const kept = (secrets: Secrets, until: EpochMillis, at: EpochMillis): Secrets =>
  secrets
    .map((secret) => ({ ...secret, validUntil: Math.min(secret.validUntil ?? until, until) as EpochMillis }))
    .filter(({ validUntil }) => validUntil > at)
    .slice(0, maxSecrets - 1)

const advanced = (
  redelivery: Redelivery | null,
  { after, last, put }: Extract<SubscriptionEvent, { readonly _tag: "RedeliveryAdvanced" }>
): Redelivery | null =>
  redelivery === null ? null : { ...redelivery, after, count: redelivery.count + put, done: last }

const change = (facts: SubscriptionFacts, event: SubscriptionEvent, at: EpochMillis): SubscriptionFacts => {
  switch (event._tag) {
    case "SubscriptionCreated":
      return facts
    case "SubscriptionUpdated":
      return { ...facts, ...event.terms }
    case "SubscriptionSecretRotated": {
      const newest = { secretId: event.secretId, createdAt: at, validUntil: null }
      return { ...facts, secrets: [newest, ...kept(facts.secrets, event.previousUntil, at)] }
    }
    case "SubscriptionPaused":
      return { ...facts, status: "Paused", pausedReason: event.reason }
    case "SubscriptionEnabled":
      return { ...facts, status: "Active", pausedReason: null, disabledReason: null, failingSince: null }
    case "SubscriptionTested":
      return { ...facts, tests: event.number }
    case "RedeliveryBegun": {
      const { from, number, to } = event
      return { ...facts, redelivery: { number, from, to, after: null, count: 0, done: false } }
    }
    case "RedeliveryAdvanced":
      return { ...facts, redelivery: advanced(facts.redelivery, event) }
    case "SubscriptionFailing":
      return { ...facts, failingSince: event.since, lastFailure: event.lastFailure }
    case "SubscriptionRecovered":
      return { ...facts, failingSince: null }
    case "SubscriptionDisabled": {
      const { lastFailure, reason } = event
      return { ...facts, status: "Disabled", pausedReason: null, disabledReason: reason, lastFailure }
    }
    case "SubscriptionDeleted":
      return { ...facts, status: "Deleted", secrets: [], failingSince: null }
  }
}

/** Total: an event that does not apply changes nothing. */
const evolve = (state: SubscriptionState, event: SubscriptionEvent, at: EpochMillis): SubscriptionState => {
  if (event._tag === "SubscriptionCreated") {
    const { createdAt, fingerprint, origin, secretId, terms } = event
    const subscription: SubscriptionFacts = {
      ...terms,
      status: "Active",
      pausedReason: null,
      disabledReason: null,
      secrets: [{ secretId, createdAt, validUntil: null }],
      failingSince: null,
      lastFailure: null,
      redelivery: null,
      tests: 0,
      createdAt,
      updatedAt: at
    }
    return { _tag: "Known", subscription, fingerprint, correlationId: origin.correlationId }
  }
  return state._tag === "Unknown"
    ? state
    : { ...state, subscription: { ...change(state.subscription, event, at), updatedAt: at } }
}

type Decision = Result.Result<ReadonlyArray<SubscriptionEvent>, SubscriptionRejection>
type Of<Tag extends SubscriptionCommand["_tag"]> = Extract<SubscriptionCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const one = (event: SubscriptionEvent): Decision => Result.succeed([event])

const update = ({ changes, sealedUrl }: Of<"UpdateSubscription">, facts: SubscriptionFacts): Decision => {
  const { filter, flow, name, topics, url } = facts
  const before: SubscriptionTerms = { name, url, topics, filter, ...(flow === undefined ? {} : { flow }) }
  const terms: SubscriptionTerms = { ...before, ...changes }
  // What is shown of two addresses may be the same.
  return sealedUrl === null && JSON.stringify(terms) === JSON.stringify(before)
    ? nothing
    : one({ _tag: "SubscriptionUpdated", terms })
}

/** What the program says of its deliveries; late or twice it changes nothing. */
const recorded = (
  command: Of<"AdvanceRedelivery"> | Of<"RecordSubscriptionHealth"> | Of<"DisableSubscription">,
  { failingSince, redelivery, status }: SubscriptionFacts
): Decision => {
  switch (command._tag) {
    case "AdvanceRedelivery": {
      const { after, before, last, number, put } = command
      // A step that ends where it began, and is not the last, has put nothing in line: nothing would tell its repetition from it.
      const isStill = after === before && !last
      return isStill || redelivery?.done !== false || redelivery.number !== number || redelivery.after !== before
        ? nothing
        : one({ _tag: "RedeliveryAdvanced", after, put, last })
    }
    case "RecordSubscriptionHealth": {
      const { failingSince: since, lastFailure } = command
      if (since === null) return failingSince === null ? nothing : one({ _tag: "SubscriptionRecovered" })
      return failingSince === null ? one({ _tag: "SubscriptionFailing", since, lastFailure }) : nothing
    }
    case "DisableSubscription": {
      const { lastFailure, reason } = command
      return status === "Disabled" ? nothing : one({ _tag: "SubscriptionDisabled", reason, lastFailure })
    }
  }
}

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: SubscriptionCommand, state: SubscriptionState): Decision => {
  const { at, subscriptionId } = command
  if (command._tag === "CreateSubscription") {
    const { fingerprint, origin, secretId, terms } = command
    if (state._tag === "Unknown") {
      return one({ _tag: "SubscriptionCreated", terms, secretId, createdAt: at, fingerprint, origin })
    }
    return state.fingerprint === fingerprint ? nothing : Result.fail(new SubscriptionIdTaken({ subscriptionId }))
  }
  if (state._tag === "Unknown") return Result.fail(new SubscriptionNotFound({ subscriptionId }))
  const { subscription } = state
  if (subscription.status === "Deleted") {
    const late = ["DeleteSubscription", "AdvanceRedelivery", "RecordSubscriptionHealth", "DisableSubscription"]
    return late.includes(command._tag) ? nothing : Result.fail(new SubscriptionIsDeleted({ subscriptionId }))
  }
  const isDisabled = subscription.status === "Disabled"
  const disabled = Result.fail(new SubscriptionIsDisabled({ subscriptionId }))
  switch (command._tag) {
    case "UpdateSubscription":
      return update(command, subscription)
    case "RotateSubscriptionSecret":
      return subscription.secrets.some(({ secretId }) => secretId === command.secretId)
        ? nothing
        : one({
            _tag: "SubscriptionSecretRotated",
            secretId: command.secretId,
            previousUntil: (at + command.overlapMs) as EpochMillis
          })
    case "PauseSubscription":
      if (isDisabled) return disabled
      return subscription.status === "Paused" ? nothing : one({ _tag: "SubscriptionPaused", reason: command.reason })
    case "EnableSubscription":
      return subscription.status === "Active" ? nothing : one({ _tag: "SubscriptionEnabled" })
    case "TestSubscription":
      return isDisabled ? disabled : one({ _tag: "SubscriptionTested", number: subscription.tests + 1 })
    case "RedeliverSubscription": {
      if (isDisabled) return disabled
      const { redelivery } = subscription
      if (redelivery !== null && !redelivery.done) {
        return Result.fail(new RedeliveryUnderWay({ subscriptionId, number: redelivery.number }))
      }
      const { from, to } = command
      return one({ _tag: "RedeliveryBegun", number: (redelivery?.number ?? 0) + 1, from, to })
    }
    case "DeleteSubscription":
      return one({ _tag: "SubscriptionDeleted" })
    default:
      return recorded(command, subscription)
  }
}

/** The address, and those of the secrets that are kept. */
const attachment = (command: SubscriptionCommand, before: string | null, after: SubscriptionState): string | null => {
  if (after._tag === "Unknown" || after.subscription.status === "Deleted") return null
  const parts = new Map(readParts(before))
  if (command._tag === "CreateSubscription") parts.set(urlPart, command.sealedUrl)
  if (command._tag === "UpdateSubscription" && command.sealedUrl !== null) parts.set(urlPart, command.sealedUrl)
  if ("secretId" in command) parts.set(command.secretId, command.sealed)
  const names = [urlPart, ...after.subscription.secrets.map(({ secretId }) => secretId)]
  return writeParts(
    new Map(
      names.flatMap((name) => {
        const sealed = parts.get(name)
        return sealed === undefined ? [] : [[name, sealed] as const]
      })
    )
  )
}

const topicOf = ({ _tag }: SubscriptionEvent): SubscriptionTopic | null => {
  switch (_tag) {
    case "SubscriptionTested":
      return testTopic
    case "SubscriptionFailing":
      return "ops.subscription.failing"
    case "SubscriptionRecovered":
      return "ops.subscription.recovered"
    case "SubscriptionDisabled":
      return "ops.subscription.disabled"
    case "RedeliveryAdvanced":
      return null
    default:
      return "ops.subscription.changed"
  }
}

const announce = (
  event: SubscriptionEvent,
  after: SubscriptionState,
  { at, tenantId, version }: Stamp,
  subscriptionId: SubscriptionId
): { readonly topic: SubscriptionTopic; readonly payload: SubscriptionChanged } | null => {
  const topic = topicOf(event)
  if (after._tag === "Unknown" || topic === null) return null
  const { correlationId } = after
  const {
    lastFailure: _words,
    name: subscriptionName,
    pausedReason: _freeText,
    url: _address,
    ...others
  } = after.subscription
  const subscription = { subscriptionName, ...others }
  return {
    topic,
    payload: { schemaVersion: 1, tenantId, subscriptionId, version, subscription, occurredAt: at, correlationId }
  }
}

export const Subscription: Aggregate<
  SubscriptionCommand,
  SubscriptionState,
  SubscriptionEvent,
  SubscriptionRejection,
  SubscriptionOutcome
> = {
  category: "subscription",
  event: SubscriptionEvent,
  upcasters: {},
  snapshot: { form: 1, state: SubscriptionState },
  streamOf: ({ subscriptionId }) => subscriptionId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateSubscription",
  ended: (state) => state._tag === "Known" && state.subscription.status === "Deleted",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, subscriptionId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no subscription behind`)
    return { _tag: "SubscriptionAccepted", subscriptionId, subscription: after.subscription }
  },
  attachment,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const subscriptionId = streamId as string as SubscriptionId
    const { correlationId, subscription } = after
    return { _tag: "SubscriptionRow", tenantId, subscriptionId, version, ...subscription, correlationId }
  },
  announce: (event, after, stamp, { subscriptionId }) => announce(event, after, stamp, subscriptionId),
  intend: () => []
}
