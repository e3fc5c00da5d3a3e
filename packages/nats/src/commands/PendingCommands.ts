/** Commands that were asked of other processes and not answered yet, oldest first. */
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import { partitionOf } from "@dueline/contracts/partition"
import type { AnySettle } from "@dueline/contracts/ports/Orchestrator"

export interface Pending {
  readonly n: number
  readonly partition: number
  readonly envelope: Envelope<Command>
  /** Epoch milliseconds after which the asker gets `StoreUnavailable`. */
  readonly deadline: number
  readonly settle: AnySettle
  /** The process it was sent to; null while there is none. */
  to: string | null
}

export class PendingCommands {
  readonly #commands = new ShortLivedMap<number, Pending>()
  /** How many of them are each tenant's. */
  readonly #counts = new Map<TenantId, number>()
  #number = 0

  get size(): number {
    return this.#commands.size
  }

  sizeOf(tenantId: TenantId): number {
    return this.#counts.get(tenantId) ?? 0
  }

  add(envelope: Envelope<Command>, settle: AnySettle, deadline: number): Pending {
    const n = ++this.#number
    const partition = partitionOf(envelope.tenantId, streamIdOf(envelope.command))
    const one: Pending = { n, partition, envelope, deadline, settle, to: null }
    this.#commands.set(n, one)
    this.#counts.set(envelope.tenantId, this.sizeOf(envelope.tenantId) + 1)
    return one
  }

  /** The first answer counts; what was given up or answered before is not known any more. */
  settle(n: number, exit: Parameters<AnySettle>[0]): void {
    const one = this.#commands.get(n)
    if (one === undefined) return
    this.#commands.delete(n)
    const { tenantId } = one.envelope
    const left = this.sizeOf(tenantId) - 1
    if (left > 0) this.#counts.set(tenantId, left)
    else this.#counts.delete(tenantId)
    one.settle(exit)
  }

  /** Those that were sent to this process, and those not sent yet. */
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
