/** What is delivered to subscriptions over the state in memory. */
import type { EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import {
  type Deliveries,
  type DeliveryQueries,
  type KeptMessage,
  waitingLimit
} from "@dueline/contracts/ports/Deliveries"
import type { SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { Effect } from "effect"
import { callOf, copyOf, keyOf, type MemoryState, rowsOf, type StoredDelivery } from "./MemoryState.ts"

type State = StoredDelivery["state"]
const outcomes = { delivered: 3, failed: 4, dropped: 5, again: 1 } as const satisfies Readonly<Record<string, State>>

const inOrder = (a: SubscriptionRow, b: SubscriptionRow): number =>
  a.tenantId + a.subscriptionId < b.tenantId + b.subscriptionId ? -1 : 1

export const make = (state: MemoryState): Deliveries["Service"] => {
  const { deliveries } = state
  const messageOf = ({ seq, tenantId }: StoredDelivery): KeptMessage => {
    const found = state.kept.find((message) => message.tenantId === tenantId && message.seq === seq)
    if (found === undefined) throw new Error(`a delivery without a message: ${seq}`)
    const { sorted: _sorted, ...message } = found
    return message
  }
  const told = ({ sorted: _sorted, ...message }: MemoryState["kept"][number]): KeptMessage => copyOf(message)
  const lineOf = ({ streamId, subscriptionId, tenantId }: StoredDelivery) =>
    deliveries.filter(
      (other) =>
        other.tenantId === tenantId &&
        other.subscriptionId === subscriptionId &&
        other.streamId === streamId &&
        other.state < 3
    )
  const promote = (lines: ReadonlyArray<StoredDelivery>) => {
    for (const line of lines) {
      const [head] = lineOf(line)
      if (head?.state === 0) head.state = 1
    }
  }
  const put = (message: KeptMessage, subscriptionId: StoredDelivery["subscriptionId"], redelivery: number) => {
    const { seq, streamId, tenantId } = message
    const isThere = deliveries.some(
      (other) =>
        keyOf(other.tenantId, other.subscriptionId) === keyOf(tenantId, subscriptionId) &&
        other.seq === seq &&
        other.redelivery === redelivery
    )
    if (isThere) return
    state.lastPlace += 1
    const place = state.lastPlace
    const delivery = {
      tenantId,
      place,
      subscriptionId,
      seq,
      redelivery,
      streamId,
      state: 0,
      callId: null,
      calledAt: null
    }
    deliveries.push(delivery as StoredDelivery)
    promote([delivery as StoredDelivery])
  }
  const of = (tenantId: string, subscriptionId: string) =>
    deliveries.filter((each) => each.tenantId === tenantId && each.subscriptionId === subscriptionId)
  return {
    unsorted: (limit) =>
      Effect.sync(() =>
        state.kept
          .filter(({ sorted }) => !sorted)
          .slice(0, limit)
          .map(told)
      ),
    sort: (sorted) =>
      Effect.sync(() => {
        for (const { seq, tenantId, to } of sorted) {
          const message = state.kept.find((each) => each.tenantId === tenantId && each.seq === seq)
          if (message === undefined || message.sorted) continue
          message.sorted = true
          for (const subscriptionId of to) put(message, subscriptionId, 0)
        }
      }),
    kept: ({ after, from, limit, tenantId, to }) =>
      Effect.sync(() =>
        state.kept
          .filter((each) => each.tenantId === tenantId && each.seq > (after ?? 0))
          .filter(({ keptAt }) => keptAt >= from && keptAt <= to)
          .slice(0, limit)
          .map(told)
      ),
    repeat: ({ redelivery, seqs, subscriptionId, tenantId }) =>
      Effect.sync(() => {
        for (const message of state.kept) {
          if (message.tenantId === tenantId && seqs.includes(message.seq)) put(message, subscriptionId, redelivery)
        }
      }),
    open: ({ after, limit }) =>
      Effect.sync(() =>
        rowsOf(state, "subscription")
          .filter(({ status, subscriptionId, tenantId }) => {
            const mine = of(tenantId, subscriptionId)
            return (
              mine.some((each) => each.state === 2) || (status !== "Paused" && mine.some((each) => each.state === 1))
            )
          })
          .sort(inOrder)
          .filter((row) => after === null || row.tenantId + row.subscriptionId > after.tenantId + after.subscriptionId)
          .slice(0, limit)
          .map(copyOf)
      ),
    redelivering: (limit) =>
      Effect.sync(() =>
        rowsOf(state, "subscription")
          .filter(({ redelivery, status }) => redelivery?.done === false && status !== "Deleted")
          .sort((a, b) => a.createdAt - b.createdAt || (a.subscriptionId < b.subscriptionId ? -1 : 1))
          .slice(0, limit)
          .map(copyOf)
      ),
    look: ({ limit, subscriptionId, tenantId }) =>
      Effect.sync(() => {
        const mine = of(tenantId, subscriptionId)
        return copyOf({
          ready: mine
            .filter((each) => each.state === 1)
            .slice(0, limit)
            .map((each) => ({ ...messageOf(each), place: each.place, redelivery: each.redelivery })),
          called: mine
            .filter((each) => each.state === 2)
            .map((each) => {
              const row = callOf(state, tenantId, each.callId ?? "")
              return {
                place: each.place,
                eventId: messageOf(each).eventId,
                callId: each.callId as ServiceCallId,
                calledAt: each.calledAt as EpochMillis,
                call:
                  row === null
                    ? null
                    : {
                        status: row.status,
                        attempt: row.attempt,
                        lastStatus: row.lastStatus,
                        failureReason: row.failureReason
                      }
              }
            })
        })
      }),
    call: ({ at, callId, place, tenantId }) =>
      Effect.sync(() => {
        const found = deliveries.find((each) => each.tenantId === tenantId && each.place === place && each.state < 2)
        if (found !== undefined) Object.assign(found, { state: 2, callId, calledAt: at })
      }),
    settle: ({ ended, tenantId }) =>
      Effect.sync(() => {
        for (const { outcome, place } of ended) {
          const found = deliveries.find((each) => each.tenantId === tenantId && each.place === place && each.state < 3)
          if (found === undefined) continue
          found.state = outcomes[outcome]
          promote([found])
        }
      }),
    drop: ({ limit, subscriptionId, tenantId }) =>
      Effect.sync(() => {
        const dropped = of(tenantId, subscriptionId)
          .filter((each) => each.state < 2)
          .slice(0, limit)
        for (const each of dropped) each.state = each.callId === null ? outcomes.dropped : 2
        promote(dropped)
        return dropped.length
      }),
    forget: ({ before, limit }) =>
      Effect.sync(() => {
        const isCalled = ({ seq, tenantId }: KeptMessage) =>
          deliveries.some((each) => each.tenantId === tenantId && each.seq === seq && each.state === 2)
        const old = state.kept.filter((each) => each.keptAt < before && !isCalled(each)).slice(0, limit)
        const goes = ({ seq, tenantId }: { readonly seq: number; readonly tenantId: string }) =>
          old.some((each) => each.seq === seq && each.tenantId === tenantId)
        const gone = deliveries.filter(goes)
        state.deliveries.splice(0, deliveries.length, ...deliveries.filter((each) => !goes(each)))
        state.kept.splice(0, state.kept.length, ...state.kept.filter((each) => !goes(each)))
        promote(gone)
        return old.length
      })
  }
}

export const makeQueries = (state: MemoryState): DeliveryQueries["Service"] => ({
  kept: make(state).kept,
  waiting: ({ subscriptionId, tenantId }) =>
    Effect.sync(() => {
      const waits = state.deliveries.filter(
        (each) => each.tenantId === tenantId && each.subscriptionId === subscriptionId && each.state < 3
      )
      const first = waits.reduce<StoredDelivery | null>((a, b) => (a === null || b.place < a.place ? b : a), null)
      const message = state.kept.find((each) => each.tenantId === tenantId && each.seq === first?.seq)
      return { count: Math.min(waits.length, waitingLimit), oldestAt: message?.keptAt ?? null }
    })
})
