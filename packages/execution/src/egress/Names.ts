/**
 * Look-ups of names, shared out: one in flight for a name, so many for a group and in all, answers kept for a short time. A
 * name without an answer holds up its own group at the most.
 */
import { NotSentRefusal, type Resolve, type ResolvedAddress } from "./openSocket.ts"

export type NameAnswer =
  | { readonly _tag: "Addresses"; readonly addresses: ReadonlyArray<ResolvedAddress>; readonly ttlMs: number }
  /** It does not exist, or has no address: an answer. */
  | { readonly _tag: "NoSuchName"; readonly code: string }
  /** There was no answer. */
  | { readonly _tag: "Unanswered"; readonly detail: string }

/** Answers once, in its own time. */
export type AskName = (name: string, answer: (answer: NameAnswer) => void) => void

interface NameBounds {
  /** Look-ups in flight of one group, and in all. */
  readonly perGroup: number
  readonly inAll: number
  /** Names of one group that wait for their turn. */
  readonly waitingPerGroup: number
  /** Names whose answers are kept. */
  readonly kept: number
  /** How long an answer is kept, in milliseconds: addresses as long as their server says, but no longer than this. */
  readonly keptMs: number
  readonly keptMissingMs: number
}

export const defaultNameBounds: NameBounds = {
  perGroup: 32,
  inAll: 512,
  waitingPerGroup: 1_024,
  kept: 4_096,
  keptMs: 30_000,
  keptMissingMs: 5_000
}

type Asker = (error: Error | null, addresses: ReadonlyArray<ResolvedAddress>) => void

interface Lookup {
  readonly name: string
  readonly askers: Set<Asker>
  begun: boolean
}

interface Group {
  flying: number
  waiting: Array<Lookup>
}

interface Kept {
  readonly answer: NameAnswer
  readonly until: number
}

const missing = (code: string): Error => Object.assign(new Error("no such name"), { code })

const tell = (asker: Asker, answer: NameAnswer): void => {
  if (answer._tag === "Addresses") return asker(null, answer.addresses)
  asker(answer._tag === "NoSuchName" ? missing(answer.code) : new NotSentRefusal("name_unanswered", answer.detail), [])
}

export class Names {
  readonly #ask: AskName
  readonly #now: () => number
  readonly #bounds: NameBounds
  /** Oldest first. */
  readonly #kept = new Map<string, Kept>()
  readonly #lookups = new Map<string, Lookup>()
  /** Groups that have something in flight or waiting. */
  readonly #groups = new Map<string, Group>()
  #flying = 0

  /** `now`: milliseconds of elapsed time. */
  constructor(ask: AskName, now: () => number, bounds: NameBounds = defaultNameBounds) {
    this.#ask = ask
    this.#now = now
    this.#bounds = bounds
  }

  readonly resolve: Resolve = (hostname, asker, group) => {
    const name = hostname.toLowerCase()
    const kept = this.#kept.get(name)
    if (kept !== undefined && this.#now() < kept.until) return tell(asker, kept.answer)
    const lookup = this.#lookups.get(name) ?? { name, askers: new Set(), begun: false }
    if (!lookup.begun && !this.#enqueue(group, lookup)) {
      return asker(new NotSentRefusal("no_capacity", "too many names are waiting to be looked up"), [])
    }
    this.#lookups.set(name, lookup)
    lookup.askers.add(asker)
    this.#begin()
    return () => this.#takeBack(lookup, asker)
  }

  /** False when the group has no room left. A name may wait in the queues of several groups: the first whose turn comes asks. */
  #enqueue(name: string, lookup: Lookup): boolean {
    const group = this.#groups.get(name) ?? { flying: 0, waiting: [] }
    this.#groups.set(name, group)
    if (group.waiting.length >= this.#bounds.waitingPerGroup) {
      group.waiting = group.waiting.filter((one) => !one.begun && one.askers.size > 0)
      if (group.waiting.length >= this.#bounds.waitingPerGroup) return false
    }
    group.waiting.push(lookup)
    return true
  }

  #takeBack(lookup: Lookup, asker: Asker): void {
    lookup.askers.delete(asker)
    if (lookup.askers.size === 0 && !lookup.begun) this.#lookups.delete(lookup.name)
  }

  /** As many as there is room for, always one of the group that has the fewest in flight. */
  #begin(): void {
    while (this.#flying < this.#bounds.inAll) {
      let next: readonly [name: string, group: Group] | null = null
      for (const entry of this.#groups) {
        const { flying, waiting } = entry[1]
        if (waiting.length === 0 || flying >= this.#bounds.perGroup) continue
        if (next === null || flying < next[1].flying) next = entry
      }
      if (next === null) return
      const lookup = this.#nextOf(...next)
      if (lookup !== null) this.#fly(...next, lookup)
    }
  }

  #nextOf(name: string, group: Group): Lookup | null {
    for (let lookup = group.waiting.shift(); lookup !== undefined; lookup = group.waiting.shift()) {
      if (!lookup.begun && lookup.askers.size > 0) return lookup
    }
    if (group.flying === 0) this.#groups.delete(name)
    return null
  }

  #fly(name: string, group: Group, lookup: Lookup): void {
    lookup.begun = true
    group.flying++
    this.#flying++
    let answered = false
    this.#ask(lookup.name, (answer) => {
      if (answered) return
      answered = true
      group.flying--
      this.#flying--
      if (group.flying === 0 && group.waiting.length === 0) this.#groups.delete(name)
      this.#lookups.delete(lookup.name)
      this.#keep(lookup.name, answer)
      for (const asker of lookup.askers) tell(asker, answer)
      this.#begin()
    })
  }

  #keep(name: string, answer: NameAnswer): void {
    const { kept, keptMissingMs, keptMs } = this.#bounds
    this.#kept.delete(name)
    if (answer._tag === "Unanswered") return
    const ms = answer._tag === "Addresses" ? Math.min(answer.ttlMs, keptMs) : keptMissingMs
    if (ms <= 0) return
    this.#kept.set(name, { answer, until: this.#now() + ms })
    if (this.#kept.size <= kept) return
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined) this.#kept.delete(oldest)
  }
}
