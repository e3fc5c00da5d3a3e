/** A small file of the system, read again when it has changed; looked at once a second at the most, and only when somebody asks. */
import { readFileSync, statSync } from "node:fs"

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
