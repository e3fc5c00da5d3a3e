/** What a kept message is for: a callback, or the subscriptions of its tenant that ask for it, when it comes, and once more when a time is delivered again. */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import type { SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { Clock, Effect } from "effect"
import { type CallbackCallIdOf, makeCallbacks } from "./callbacks.ts"

/** Messages sorted, or put in line again, in one step. */
const stepLimit = 200
/** Steps of one round: what comes in goes on in the next. */
const stepsOfRound = 10
/** Of a tenant; somewhat more than it may have, since two at once may pass that bound together. */
const subscriptionLimit = 200
const redeliveriesAtOnce = 16
const callbacksAtOnce = 16

const listening: Specification = { _tag: "OneOf", field: "status", values: ["Active", "Paused"] }

export const makeSorting = Effect.fnUntraced(function* (callbackIdOf: CallbackCallIdOf) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const deliveries = yield* Deliveries
  const carryOut = yield* makeCallbacks(callbackIdOf)

  const subscriptionsOf = (tenantId: TenantId) =>
    Effect.map(
      queries.list("subscription", { tenantId, filter: listening, after: null, limit: subscriptionLimit }),
      ({ rows }) => rows
    )

  const sortStep = Effect.gen(function* () {
    const unsorted = yield* deliveries.unsorted(stepLimit)
    const callbacks = unsorted.filter(({ topic }) => topic === callbackTopic)
    const done = yield* Effect.forEach(callbacks, carryOut, { concurrency: callbacksAtOnce })
    const messages = unsorted.filter((message) => {
      const index = callbacks.indexOf(message)
      return index === -1 || done[index] === true
    })
    const tenants = [...new Set(messages.map(({ tenantId }) => tenantId))]
    const found = new Map(
      yield* Effect.forEach(tenants, (tenantId) =>
        Effect.map(subscriptionsOf(tenantId), (rows) => [tenantId, rows] as const)
      )
    )
    const sorted = messages.map((message) => ({
      tenantId: message.tenantId,
      seq: message.seq,
      to: (found.get(message.tenantId) ?? [])
        .filter((row) => isDelivered(row, message))
        .map(({ subscriptionId }) => subscriptionId)
    }))
    if (sorted.length > 0) yield* deliveries.sort(sorted)
    return sorted.length
  })

  /** Whether there was anything. */
  const sort = Effect.fnUntraced(function* (mayAct: () => boolean) {
    for (let steps = 0; steps < stepsOfRound && mayAct(); steps += 1) {
      const count = yield* sortStep
      if (count < stepLimit) return steps > 0 || count > 0
    }
    return true
  })

  const redeliverStep = Effect.fnUntraced(function* (row: SubscriptionRow) {
    const { redelivery, subscriptionId, tenantId } = row
    if (redelivery === null) return
    const { after, from, number, to } = redelivery
    const messages = yield* deliveries.kept({ tenantId, from, to, after, limit: stepLimit })
    const seqs = messages.filter((message) => isDelivered(row, message)).map(({ seq }) => seq)
    if (seqs.length > 0) yield* deliveries.repeat({ tenantId, subscriptionId, redelivery: number, seqs })
    yield* orchestrator.ask(
      systemEnvelope("subscriptions", row, `subscriptions:${subscriptionId}:redelivery:${number}:${after ?? 0}`, {
        _tag: "AdvanceRedelivery",
        subscriptionId,
        at: (yield* Clock.currentTimeMillis) as EpochMillis,
        number,
        before: after,
        after: messages.at(-1)?.seq ?? after,
        put: seqs.length,
        last: messages.length < stepLimit
      })
    )
  })

  /** One step of each redelivery that is not done; whether there was any. */
  const redeliver = Effect.fnUntraced(function* (mayAct: () => boolean) {
    if (!mayAct()) return false
    const rows = yield* deliveries.redelivering(redeliveriesAtOnce)
    yield* Effect.forEach(
      rows,
      (row) => orLogged("warning", "a redelivery has to wait; it is tried again")(redeliverStep(row)),
      { concurrency: 1, discard: true }
    )
    return rows.length > 0
  })

  return { redeliver, sort }
})
