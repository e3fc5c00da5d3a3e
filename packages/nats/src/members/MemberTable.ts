/** Who is there, as one process sees it: plain data, told of heartbeats and of time passing, both in milliseconds of one clock. */
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
  /** `left` said so itself; `gone` has no connection any more; `lost` has not been heard of, and may come back. */
  readonly kind: "joined" | "left" | "gone" | "lost"
}

interface Entry {
  readonly roles: ReadonlyArray<Role>
  heardAt: number
}

/** More processes than one installation has; beyond it newcomers are not seen. */
const memberLimit = 1_000

export class MemberTable {
  readonly #entries = new Map<string, Entry>()
  /** Worked out when asked for, and forgotten with every change. */
  readonly #byRole = new Map<Role, ReadonlyArray<string>>()
  readonly #byPartition = new Map<number, ReadonlyArray<string>>()

  /** Answers the change that the heartbeat makes, if any. */
  hear({ id, roles, state }: Heartbeat, now: number): MemberChange | null {
    const known = this.#entries.get(id)
    if (state === "leaving") return known === undefined ? null : this.#remove(id, "left")
    if (known !== undefined) {
      known.heardAt = now
      return null
    }
    if (this.#entries.size >= memberLimit) return null
    this.#entries.set(id, { roles, heardAt: now })
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

  /** Not heard of for at least `ms`. */
  silent(now: number, ms: number): ReadonlyArray<string> {
    return [...this.#entries].filter(([, { heardAt }]) => now - heardAt >= ms).map(([id]) => id)
  }

  /** Nothing could be heard for a while: that is nobody's fault, and everybody has time again. */
  excuse(now: number): void {
    for (const entry of this.#entries.values()) entry.heardAt = now
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
