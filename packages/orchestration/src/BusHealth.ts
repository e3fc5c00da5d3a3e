/**
 * Whether the bus takes anything at all, and when a message has only itself to blame. Nothing is held against a message that got no
 * answer while nobody got one.
 */

/** Publications without an answer in a row, of whatever messages, after which the bus counts as away. */
const patience = 3

/** Times that a message got no answer although others had got one since the last time, before it is blamed. */
const benefitOfDoubt = 3

interface Miss {
  readonly times: number
  /** How often the bus had answered anybody by then. */
  readonly answers: number
  /** How often it missed although the bus had answered others since its last miss. */
  readonly alone: number
}

export class BusHealth {
  #answers = 0
  #inARow = 0
  #away = false
  readonly #misses = new Map<number, Miss>()

  /** True while nothing should be published but a probe. */
  get away(): boolean {
    return this.#away
  }

  /** The bus took this entry, or refused it: either way it is there. Answers whether it was away until now. */
  answered(position: number): boolean {
    const back = this.#away
    this.#misses.delete(position)
    this.#answers += 1
    this.#inARow = 0
    this.#away = false
    return back
  }

  /** This entry got no answer. Answers with what that means: for the bus, and whether the entry is to blame. */
  unanswered(position: number): { readonly leaves: boolean; readonly blamed: boolean } {
    this.#inARow += 1
    const leaves = !this.#away && this.#inARow >= patience
    this.#away ||= leaves
    const last = this.#misses.get(position)
    const alone = (last?.alone ?? 0) + (last !== undefined && last.answers < this.#answers ? 1 : 0)
    const blamed = alone >= benefitOfDoubt
    if (blamed) this.#misses.delete(position)
    else this.#misses.set(position, { times: this.missesOf(position) + 1, answers: this.#answers, alone })
    return { leaves, blamed }
  }

  /** How often this entry got no answer lately: who has waited most is not always the best probe. */
  missesOf(position: number): number {
    return this.#misses.get(position)?.times ?? 0
  }

  /** The entry is no longer anybody's business here. */
  forget(position: number): void {
    this.#misses.delete(position)
  }
}
