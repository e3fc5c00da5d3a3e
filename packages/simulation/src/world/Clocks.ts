/**
 * The clocks of a world: its own, which moves from one scheduled happening straight to the next, and the wall clock of each host, which somebody
 * may set.
 */
import type { Dice } from "./Dice.ts"

interface Happening {
  readonly at: number
  /** Drawn, so that what happens in the same millisecond happens in an order the seed decides. */
  readonly draw: number
  readonly serial: number
  readonly act: () => void
  cancelled: boolean
}

const before = (a: Happening, b: Happening): boolean =>
  a.at !== b.at ? a.at < b.at : a.draw !== b.draw ? a.draw < b.draw : a.serial < b.serial

export class VirtualTime {
  /** Epoch milliseconds. */
  now: number
  readonly #dice: Dice
  readonly #heap: Array<Happening> = []
  #serial = 0

  constructor(start: number, dice: Dice) {
    this.now = start
    this.#dice = dice
  }

  /** Answers how to call it off. What was due in the past happens now. */
  after(delayMs: number, act: () => void): () => void {
    const happening = {
      at: this.now + Math.max(0, Math.round(delayMs)),
      draw: this.#dice.next(),
      serial: ++this.#serial,
      act,
      cancelled: false
    }
    this.#push(happening)
    return () => {
      happening.cancelled = true
    }
  }

  /** Moves to the next happening and lets it happen; false when there is none until `until`. */
  step(until: number): boolean {
    while (true) {
      const next = this.#heap[0]
      if (next === undefined || next.at > until) return false
      this.#pop()
      if (next.cancelled) continue
      this.now = next.at
      next.act()
      return true
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let i = heap.push(happening) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      const above = heap[parent]
      if (above === undefined || before(above, happening)) break
      heap[i] = above
      i = parent
    }
    heap[i] = happening
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let i = 0
    while (true) {
      const left = heap[2 * i + 1]
      const right = heap[2 * i + 2]
      if (left === undefined) break
      const [child, at] = right !== undefined && before(right, left) ? [right, 2 * i + 2] : [left, 2 * i + 1]
      if (!before(child, last)) break
      heap[i] = child
      i = at
    }
    heap[i] = last
  }
}

/**
 * The wall clock of one host, which somebody may set forward and back, and which trembles. Elapsed time is another matter: it is the world's
 * own. A clock belongs to the host and not to the process: who starts there next reads the same one.
 */
interface Setting {
  readonly since: number
  readonly aheadMs: number
}

export class WallClock {
  /** The latest last. */
  readonly #settings: Array<Setting> = [{ since: Number.NEGATIVE_INFINITY, aheadMs: 0 }]
  readonly #now: () => number
  readonly #tremble: () => number

  /** `now` is the world's time, in epoch milliseconds; `tremble` is by how much one look at the clock is off, in milliseconds. */
  constructor(now: () => number, tremble: () => number) {
    this.#now = now
    this.#tremble = tremble
  }

  /** Ahead of the world's time; behind it when negative. */
  get aheadMs(): number {
    return this.#settings.at(-1)?.aheadMs ?? 0
  }

  read(): number {
    return this.#now() + this.aheadMs + this.#tremble()
  }

  set(aheadMs: number): void {
    this.#settings.push({ since: this.#now(), aheadMs })
  }

  /** The furthest that it was ahead since then (epoch milliseconds); 0 when it never was. */
  mostAheadSince(time: number): number {
    let most = 0
    for (const { aheadMs, since } of this.#settings.toReversed()) {
      most = Math.max(most, aheadMs)
      if (since <= time) break
    }
    return most
  }
}
