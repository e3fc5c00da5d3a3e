/**
 * Which calls wait whatever their time is: those of suspended tenants, and those that a pause is about. Plain values, looked up for each due
 * call, at a cost that does not depend on how many holds there are.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { type PauseOf, subjectOf, subjectsOf } from "@dueline/contracts/pause/Pause"
import type { Alarm } from "@dueline/contracts/ports/Timer"

export interface Hold {
  /** Of this hold and no other, for as long as it lasts. */
  readonly id: string
  readonly tenantId: TenantId
  readonly of: PauseOf
  /** Null for the whole tenant. */
  readonly key: string | null
  /** Null while it holds. Else calls that were due up to `at` (epoch ms) are released, `perSecond` by all processes together. */
  readonly release: { readonly at: number; readonly perSecond: number } | null
}

/** One that holds goes before one that releases; of those that release the slowest counts. */
const stronger = (a: Hold, b: Hold): Hold =>
  a.release === null || (b.release !== null && a.release.perSecond <= b.release.perSecond) ? a : b

export class Holds {
  readonly #byTenant = new Map<TenantId, Map<string, Array<Hold>>>()

  constructor(holds: Iterable<Hold>) {
    for (const hold of holds) {
      const known = this.#byTenant.get(hold.tenantId) ?? new Map<string, Array<Hold>>()
      const subject = subjectOf(hold.of, hold.key)
      this.#byTenant.set(hold.tenantId, known.set(subject, [...(known.get(subject) ?? []), hold]))
    }
  }

  /** Tenants of which something is held or released. */
  get tenants(): Iterable<TenantId> {
    return this.#byTenant.keys()
  }

  /** What the call waits for; null when nothing of this holds it. */
  of(alarm: Alarm): Hold | null {
    const known = this.#byTenant.get(alarm.tenantId)
    if (known === undefined) return null
    let found: Hold | null = null
    for (const subject of subjectsOf({ target: alarm.target, tags: alarm.tags ?? [], flow: alarm.flow?.key })) {
      for (const hold of known.get(subject) ?? []) {
        if (hold.release !== null && alarm.dueAt > hold.release.at) continue
        found = found === null ? hold : stronger(found, hold)
      }
    }
    return found
  }
}

export const noHolds = new Holds([])
