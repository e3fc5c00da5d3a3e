/** Commands that were asked of other processes and not answered yet, oldest first. */
import { type Command, streamIdOf } from "@dueline/contracts/Command"
import type { Envelope } from "@dueline/contracts/Envelope"
import { partitionOf } from "@dueline/contracts/partition"
import type { AnyAnswer, AnyRefusal } from "@dueline/contracts/ports/Orchestrator"
import { Deferred, type Exit } from "effect"

export interface Pending {
  readonly n: number
  readonly partition: number
  readonly envelope: Envelope<Command>
  /** Epoch milliseconds after which the asker is told that nobody answers. */
  readonly deadline: number
  readonly answer: Deferred.Deferred<AnyAnswer, AnyRefusal>
  /** Whom it was sent to; null while nobody is there. */
  to: string | null
}

export class PendingCommands {
  readonly #commands = new Map<number, Pending>()
  #number = 0

  get size(): number {
    return this.#commands.size
  }

  add(envelope: Envelope<Command>, deadline: number): Pending {
    const n = ++this.#number
    const partition = partitionOf(envelope.tenantId, streamIdOf(envelope.command))
    const one: Pending = { n, partition, envelope, deadline, answer: Deferred.makeUnsafe(), to: null }
    this.#commands.set(n, one)
    return one
  }

  /** The first answer counts; what was given up or answered before is not known any more. */
  settle(n: number, exit: Exit.Exit<AnyAnswer, AnyRefusal>): void {
    const one = this.#commands.get(n)
    if (one === undefined) return
    this.#commands.delete(n)
    Deferred.doneUnsafe(one.answer, exit)
  }

  /** Its asker does not wait any more. */
  forget({ n }: Pending): void {
    this.#commands.delete(n)
  }

  /** Those that were sent to this process, and those that were sent to nobody. */
  waitingFor(id: string): ReadonlyArray<Pending> {
    return [...this.#commands.values()].filter(({ to }) => to === null || to === id)
  }

  all(): ReadonlyArray<Pending> {
    return [...this.#commands.values()]
  }

  /** Those whose deadline has passed: all are given the same patience, so they are the oldest. */
  expired(now: number): ReadonlyArray<Pending> {
    const late: Array<Pending> = []
    for (const one of this.#commands.values()) {
      if (one.deadline > now) break
      late.push(one)
    }
    return late
  }
}
