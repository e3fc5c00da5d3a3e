/**
 * The messages that JetStream has given to this process and that are not done: kept until acknowledged, given back, or no longer ours.
 *
 * A message is ours for as long as the server waits for its acknowledgement, and the server's clock cannot be read. What can be known:
 * it waits at least `ackWaitMs` from the start of any round in which it was told "working" and answered afterwards; and a message
 * that arrives after such an answer was sent after the round's start. A process that was stopped or cut off for longer therefore finds
 * its messages out of date when it goes on, those in its socket's buffer too, and leaves them to whoever has them by then.
 */
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import { Recent } from "@dueline/contracts/Recent"
import type { JsMsg } from "@nats-io/jetstream"

export interface Held {
  readonly message: BusMessage
  /** Place in the stream. */
  readonly sequence: number
  /** How often the server had delivered it when it came, this time included. */
  readonly deliveries: number
  handle: JsMsg
  /** Monotonic milliseconds up to which it is certainly ours. */
  oursUntil: number
}

/** Sequences of what is done, in case an acknowledgement is lost and the message comes again. */
const remembered = 10_000

export class HeldMessages {
  private readonly held = new Map<number, Held>()
  private readonly done = new Recent<number, true>(remembered)
  private readonly ackWaitMs: number
  private roundStartedAt = Number.NEGATIVE_INFINITY

  constructor(ackWaitMs: number) {
    this.ackWaitMs = ackWaitMs
  }

  get size(): number {
    return this.held.size
  }

  /** Takes what the server sent. Undefined when it is known already: on its way here, or done and now acknowledged again. */
  take(handle: JsMsg, message: BusMessage): Held | undefined {
    const sequence = handle.seq
    if (this.done.has(sequence)) {
      handle.ack()
      return undefined
    }
    const oursUntil = this.roundStartedAt + this.ackWaitMs
    const known = this.held.get(sequence)
    if (known !== undefined) {
      known.handle = handle
      known.oursUntil = oursUntil
      return undefined
    }
    const held: Held = { message, sequence, deliveries: handle.info.deliveryCount, handle, oursUntil }
    this.held.set(sequence, held)
    return held
  }

  /** False when it was given back or forgotten meanwhile, or may be somebody else's by now. */
  isOurs(held: Held, now: number): boolean {
    return this.held.get(held.sequence) === held && now < held.oursUntil
  }

  /** Acknowledged for good; told the server once it is off our books. */
  finish(held: Held, settle: (handle: JsMsg) => void): void {
    if (this.held.get(held.sequence) !== held) return
    this.held.delete(held.sequence)
    this.done.set(held.sequence, true)
    settle(held.handle)
  }

  /** Given back: another member, or this one again, gets it at once. */
  giveBack(held: Held): void {
    if (this.held.get(held.sequence) !== held) return
    this.held.delete(held.sequence)
    held.handle.nak()
  }

  giveBackAll(): void {
    for (const held of this.held.values()) this.giveBack(held)
  }

  /** Not told to the server, which has given it to somebody else or is about to. */
  drop(held: Held): void {
    if (this.held.get(held.sequence) === held) this.held.delete(held.sequence)
  }

  /** The stream is another one: the old sequences mean other messages now, and acknowledging them would lose those. */
  forgetAll(): void {
    this.held.clear()
    this.done.clear()
  }

  /** Says of everything held that it is being worked on. Call what comes back once the server has answered something sent after. */
  keepAlive(now: number): () => void {
    const round = [...this.held.values()]
    for (const { handle } of round) handle.working()
    return () => {
      this.roundStartedAt = now
      for (const held of round) held.oursUntil = now + this.ackWaitMs
    }
  }
}
