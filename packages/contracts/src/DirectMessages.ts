/**
 * Messages that a process manager takes over with the commit that makes them: the way from the writers, which start first, to the consumer. Such a
 * message has no row in the outbox and does not go by the bus. What is taken is lost with the process: the taker finds in the store, after its next
 * start too, what there is to do. It is the only one that takes it: other groups of the bus do not get it.
 */
import { Context, Layer } from "effect"
import type { BusMessage } from "./ports/EventBus.ts"

export interface MessageTaker {
  /** Asked before the commit. True keeps a place for the message, until the taker is told what became of the commit. */
  readonly reserve: (message: BusMessage) => boolean
  /** The message is durable. Must not throw nor wait. */
  readonly take: (message: BusMessage) => void
  /** The commit failed, or nobody knows: the place is free again. */
  readonly release: (message: BusMessage) => void
}

const nobody: MessageTaker = { reserve: () => false, take: () => undefined, release: () => undefined }

export class DirectMessages extends Context.Service<
  DirectMessages,
  {
    /** Nobody takes anything as long as no taker is there. */
    readonly current: () => MessageTaker
    /** Says who takes messages; null: nobody any more. */
    readonly by: (taker: MessageTaker | null) => void
  }
>()("@dueline/contracts/DirectMessages") {
  static readonly layer = Layer.sync(DirectMessages, () => {
    let current = nobody
    return DirectMessages.of({
      current: () => current,
      by: (taker) => {
        current = taker ?? nobody
      }
    })
  })
}
