/**
 * Spares messages that nobody takes their place in the outbox: written, claimed, published to nobody and deleted, they cost as much as the commit
 * that made them. Known only of a bus inside this process, whose consumers are all here, and only once they are: until then, and with every other
 * bus, each message counts as heard.
 */
import { EventBus } from "@dueline/contracts/ports/EventBus"
import type { Commit, Persistence } from "@dueline/contracts/ports/Persistence"
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import { Context, Effect, Layer } from "effect"

export class Hearing extends Context.Service<
  Hearing,
  {
    /** Says that every consumer is there. */
    readonly begin: () => void
    readonly isHeard: (topic: string) => boolean
  }
>()("@dueline/dueline/Hearing") {
  static readonly layer = Layer.effect(
    Hearing,
    Effect.map(EventBus, (bus) => {
      let begun = false
      return Hearing.of({
        begin: () => {
          begun = true
        },
        // A callback is made of what is kept for subscriptions, whether there is one or not.
        isHeard: (topic) => !begun || bus.isHeard === undefined || bus.isHeard(topic) || topic === callbackTopic
      })
    })
  )
}

/** The store, told of each message that is not heard. */
export const sparing = (
  store: Persistence["Service"],
  { isHeard }: Pick<Hearing["Service"], "isHeard">
): Persistence["Service"] => {
  const marked = (commit: Commit): Commit =>
    commit.outbox.every(({ topic }) => isHeard(topic))
      ? commit
      : {
          ...commit,
          outbox: commit.outbox.map((message) => (isHeard(message.topic) ? message : { ...message, unheard: true }))
        }
  return { ...store, commit: (batch) => Effect.suspend(() => store.commit(batch.map(marked))) }
}
