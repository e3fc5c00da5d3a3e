/**
 * Spares messages that nobody takes their place in the outbox: written, claimed, published to nobody and deleted, they cost as much as the commit
 * that made them, and between processes more. A bus inside this process knows its consumers once all are there: until then each message counts as
 * heard. One between processes says which it can spare. Whoever only overhears, as requests do that wait for the end of a call, is told once the
 * commit is durable.
 */
import type { Reserve, Reserved } from "@dueline/contracts/CommitCompanions"
import { type BusMessage, EventBus } from "@dueline/contracts/ports/EventBus"
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { Context, Effect, Layer } from "effect"

export class Hearing extends Context.Service<
  Hearing,
  {
    /** Says that every consumer is there. */
    readonly begin: () => void
    readonly isHeard: (topic: string) => boolean
    /** Tells whoever overhears the bus. */
    readonly tell: (message: BusMessage) => void
    /** Something was committed for the outbox. */
    readonly filled: () => void
    /** Whether something was since it was asked last, other than what nobody takes. */
    readonly wasFilled: () => boolean
  }
>()("@dueline/dueline/Hearing") {
  static readonly layer = Layer.effect(
    Hearing,
    Effect.map(EventBus, (bus) => {
      const { spared } = bus
      let begun = false
      let filled = false
      return Hearing.of({
        tell: (message) => (spared ?? bus).tell?.(message),
        filled: () => {
          filled = true
        },
        wasFilled: () => {
          const was = filled
          filled = false
          return was
        },
        begin: () => {
          begun = true
        },
        isHeard: (topic) => {
          if (spared !== undefined) return spared.isHeard(topic)
          // A callback is made of what is kept for subscriptions, whether there is one or not.
          return !begun || bus.isHeard === undefined || bus.isHeard(topic) || topic === callbackTopic
        }
      })
    })
  )
}

/**
 * The store, told of each message that needs no row: nobody hears it, or who is asked before the commit takes it over once that is
 * durable.
 */
export const sparing = (
  store: Persistence["Service"],
  { filled, isHeard, tell }: Pick<Hearing["Service"], "filled" | "isHeard" | "tell">,
  reserve: Reserve
): Persistence["Service"] => {
  const marked = (commit: Commit, taken: Array<Reserved>): Commit => {
    const { outbox, streamId, tenantId } = commit
    if (outbox.length === 0) return commit
    let isSpared = false
    const messages = outbox.map((message) => {
      const { eventId, payload, topic } = message
      // Whoever would take it over has nothing to do for it.
      const reserved = message.unheard === true ? null : reserve({ eventId, tenantId, streamId, topic, payload })
      if (reserved !== null) taken.push(reserved)
      else if (isHeard(topic)) return message
      isSpared = true
      return { ...message, unheard: true as const }
    })
    return isSpared ? { ...commit, outbox: messages } : commit
  }
  const committed = (batch: ReadonlyArray<Commit>): void => {
    for (const { outbox, streamId, tenantId } of batch)
      for (const message of outbox) {
        if (message.unheard !== true) filled()
        else tell({ eventId: message.eventId, tenantId, streamId, topic: message.topic, payload: message.payload })
      }
  }
  return {
    ...store,
    commit: (batch) =>
      Effect.suspend(() => {
        const taken: Array<Reserved> = []
        const all = batch.map((commit) => marked(commit, taken))
        const stored = Effect.map(store.commit(all), () => {
          committed(all)
          for (const { take } of taken) take()
        })
        return taken.length === 0
          ? stored
          : Effect.onError(stored, () => Effect.sync(() => taken.forEach(({ release }) => release())))
      })
  }
}
