/**
 * Messages that a process manager takes over with the commit that makes them: the way from the writers, which start first, to the consumer. Such a
 * message has no row in the outbox and does not go by the bus. What is taken is lost with the process: the taker finds in the store, after its next
 * start too, what there is to do. It is the only one that takes it: other groups of the bus do not get it.
 */
import { Context, Layer } from "effect"
import { type AnsweredLater, answeredLater } from "./answeredLater.ts"
import type { BusMessage } from "./ports/EventBus.ts"

/** A place that is kept for a message until it is known what became of its commit. One of the two is called, once. */
export interface Reserved {
  /** The message is durable. Must not throw nor wait. */
  readonly take: () => void
  /** The commit failed, or nobody knows: the place is free again. */
  readonly release: () => void
}

/** Asked before the commit. Null: the message goes the usual way. */
export type Reserve = (message: BusMessage) => Reserved | null

/** Nobody takes anything as long as no taker is there. */
export class DirectMessages extends Context.Service<DirectMessages, AnsweredLater<BusMessage, Reserved>>()(
  "@dueline/contracts/DirectMessages"
) {
  static readonly layer = Layer.sync(DirectMessages, () => answeredLater<BusMessage, Reserved>())
}
