/** Seeded dice: the only randomness of a simulated world. The same seed rolls the same numbers on every machine. */

/** 32-bit FNV-1a (Fowler, Noll, Vo): turns a label into a seed. */
const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

export class Dice {
  #state: number
  readonly #seed: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  /** In [0, 1). Mulberry32 (Tommy Ettinger): 32 bits of state are plenty for one world. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** True in a share `p` of the rolls. A chance of 0 rolls nothing, so that a fault that is off leaves no mark. */
  chance(p: number): boolean {
    return p > 0 && this.next() < p
  }

  /** A whole number, both ends included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  pick<A>(choices: readonly [A, ...ReadonlyArray<A>]): A {
    return choices[this.between(0, choices.length - 1)] ?? choices[0]
  }

  /** Other dice of the same seed: what is rolled with them does not move the rolls of these. */
  fork(label: string): Dice {
    return new Dice(hashOf(`${this.#seed}/${label}`))
  }

  /** An id with the shape of a random UUID. */
  uuid(): string {
    const hex = (digits: number) =>
      Math.floor(this.next() * 16 ** digits)
        .toString(16)
        .padStart(digits, "0")
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(8)}${hex(4)}`
  }
}
