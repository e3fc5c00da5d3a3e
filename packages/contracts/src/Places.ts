/** Bounds how much may be under way at once, and shares that among those who have it under way. */
import type { TenantId } from "./Ids.ts"

/** So many of all holders, and of one holder as many as there is room left, so that none has all of them. */
export class Places<Holder = TenantId> {
  readonly #limit: number
  readonly #held = new Map<Holder, number>()
  #taken = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Null when there is no place for one more of the holder; otherwise what gives the place back. Done twice, that is done once. */
  enter(holder: Holder): (() => void) | null {
    const held = this.#held.get(holder) ?? 0
    if (held >= this.#limit - this.#taken) return null
    this.#taken += 1
    this.#held.set(holder, held + 1)
    let gone = false
    return () => {
      if (gone) return
      gone = true
      this.#taken -= 1
      const left = (this.#held.get(holder) ?? 0) - 1
      if (left > 0) this.#held.set(holder, left)
      else this.#held.delete(holder)
    }
  }
}
