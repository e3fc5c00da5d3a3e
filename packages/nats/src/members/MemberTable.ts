/** The processes that run, as one of them sees it: plain data, changed by heartbeats and by time, in milliseconds of one clock. */
import { rendezvous } from "@dueline/contracts/partition"
import type { Role } from "@dueline/contracts/Role"

export interface Heartbeat {
  readonly id: string
  readonly roles: ReadonlyArray<Role>
  /** From `leaving` on it takes no new work. */
  readonly state: "serving" | "leaving"
}

export interface MemberChange {
  readonly id: string
  readonly roles: ReadonlyArray<Role>
  /** `left` announced it; `gone` has no connection any more; `lost` was silent for too long, and may come back. */
  readonly kind: "joined" | "left" | "gone" | "lost"
}

interface Entry {
  readonly roles: ReadonlyArray<Role>
  receivedAt: number
}

/** More processes than one installation has; beyond it newcomers are not seen. */
const memberLimit = 1_000

export class MemberTable {
  readonly #entries = new Map<string, Entry>()
  /** Worked out when asked for, and forgotten with every change. */
  readonly #byRole = new Map<Role, ReadonlyArray<string>>()
  readonly #byPartition = new Map<number, ReadonlyArray<string>>()

  /** Answers the change that the heartbeat makes, if any. */
  receive({ id, roles, state }: Heartbeat, now: number): MemberChange | null {
    const known = this.#entries.get(id)
    if (state === "leaving") return known === undefined ? null : this.#remove(id, "left")
    if (known !== undefined) {
      known.receivedAt = now
      return null
    }
    if (this.#entries.size >= memberLimit) return null
    this.#entries.set(id, { roles, receivedAt: now })
    this.#changed()
    return { id, roles, kind: "joined" }
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** It is not there, or seems not to be. */
  lose(id: string, kind: "gone" | "lost"): MemberChange | null {
    return this.#entries.has(id) ? this.#remove(id, kind) : null
  }

  /** Without a heartbeat for at least `ms`. */
  silent(now: number, ms: number): ReadonlyArray<string> {
    return [...this.#entries].filter(([, { receivedAt }]) => now - receivedAt >= ms).map(([id]) => id)
  }

  /** No heartbeat could be received for a while: silence is counted from now on. */
  excuse(now: number): void {
    for (const entry of this.#entries.values()) entry.receivedAt = now
  }

  /** Ids in order. The same array until something changes. */
  withRole(role: Role): ReadonlyArray<string> {
    const known = this.#byRole.get(role)
    if (known !== undefined) return known
    const ids = [...this.#entries].filter(([, { roles }]) => roles.includes(role)).map(([id]) => id)
    this.#byRole.set(role, ids.sort())
    return ids
  }

  /** The orchestrators in the order in which they serve the partition. The same array until something changes. */
  ranking(partition: number): ReadonlyArray<string> {
    const known = this.#byPartition.get(partition)
    if (known !== undefined) return known
    const ids = rendezvous(partition, this.withRole("orchestrator"))
    this.#byPartition.set(partition, ids)
    return ids
  }

  #changed(): void {
    this.#byRole.clear()
    this.#byPartition.clear()
  }

  #remove(id: string, kind: "left" | "gone" | "lost"): MemberChange {
    const roles = this.#entries.get(id)?.roles ?? []
    this.#entries.delete(id)
    this.#changed()
    return { id, roles, kind }
  }
}
