/**
 * What the machine's own files say about names, read again when they have changed: the hosts file, hosts(5), and the search list of
 * resolv.conf(5).
 */
import { readFileSync, statSync } from "node:fs"
import { isIP } from "node:net"
import type { ResolvedAddress } from "./openSocket.ts"

const lookEveryMs = 1_000
const maxBytes = 1_048_576

/** Synchronous: these files are a few hundred bytes in memory, and libuv's threads are what look-ups stay clear of. */
const stampOf = (path: string): string => {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat === undefined ? "" : `${stat.ino}/${stat.size}/${stat.mtimeMs}`
}

const textOf = (path: string): string => {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat === undefined || stat.size > maxBytes ? "" : readFileSync(path, "utf8")
  } catch {
    // One that may not be read says nothing.
    return ""
  }
}

/** A small file of the system, read again when it has changed; looked at once a second at the most, and only when it is asked for. */
export class FileWatch<A> {
  #stamp: string
  #value: A
  #lookedAt: number
  readonly #path: string
  readonly #now: () => number
  readonly #parse: (text: string) => A
  readonly #changed: () => void

  /** `now`: milliseconds of elapsed time. `changed` is called after the file was read again. */
  constructor(path: string, now: () => number, parse: (text: string) => A, changed: () => void = () => undefined) {
    this.#path = path
    this.#now = now
    this.#parse = parse
    this.#changed = changed
    this.#lookedAt = now()
    this.#stamp = stampOf(path)
    this.#value = parse(textOf(path))
  }

  read(): A {
    const now = this.#now()
    if (now - this.#lookedAt < lookEveryMs) return this.#value
    this.#lookedAt = now
    const stamp = stampOf(this.#path)
    if (stamp === this.#stamp) return this.#value
    this.#stamp = stamp
    this.#value = this.#parse(textOf(this.#path))
    this.#changed()
    return this.#value
  }
}

/** Addresses by name in lower case, in the order of the file. */
export const parseHosts = (text: string): ReadonlyMap<string, ReadonlyArray<ResolvedAddress>> => {
  const found = new Map<string, Array<ResolvedAddress>>()
  for (const line of text.split("\n")) {
    const [address = "", ...names] = line.replace(/#.*/, "").trim().toLowerCase().split(/\s+/)
    const family = isIP(address)
    if (family === 0) continue
    for (const name of names) {
      const known = found.get(name)
      if (known === undefined) found.set(name, [{ address, family }])
      else if (!known.some((one) => one.address === address)) known.push({ address, family })
    }
  }
  return found
}

export interface SearchRules {
  readonly search: ReadonlyArray<string>
  /** A name with fewer dots is tried with the search list first. */
  readonly ndots: number
}

const maxSearch = 6
const maxNdots = 15

/**
 * The last `search` or `domain` counts. Left out: the host's own domain when there is none, and the variables LOCALDOMAIN and RES_OPTIONS.
 */
export const parseResolvConf = (text: string): SearchRules => {
  let search: ReadonlyArray<string> = []
  let ndots = 1
  for (const line of text.split("\n")) {
    const [keyword, ...values] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/)
    if (keyword === "search") search = values.slice(0, maxSearch)
    if (keyword === "domain") search = values.slice(0, 1)
    if (keyword !== "options") continue
    for (const value of values) {
      const given = /^ndots:(\d{1,3})$/.exec(value)?.[1]
      if (given !== undefined) ndots = Math.min(Number(given), maxNdots)
    }
  }
  return {
    search: search.map((domain) => domain.toLowerCase().replace(/^\.|\.$/g, "")).filter((one) => one !== ""),
    ndots
  }
}

/** The whole names that a name may mean, in the order in which they are asked. One that ends in a dot is whole. */
export const searchNames = (name: string, { ndots, search }: SearchRules): ReadonlyArray<string> => {
  if (name.endsWith(".")) return [name.slice(0, -1)]
  const searched = search.map((domain) => `${name}.${domain}`)
  return name.split(".").length - 1 >= ndots ? [name, ...searched] : [...searched, name]
}
