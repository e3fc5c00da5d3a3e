/** What happened in a world, line by line, and a hash over all of it: two runs of one seed must agree on it. */
import { createHash } from "node:crypto"

export class Trace {
  readonly lines: Array<string> = []
  readonly #hash = createHash("sha256")
  readonly #keep: boolean
  count = 0

  /** `keep` keeps the lines for reading; the hash is made either way. */
  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** `sinceMs` is virtual time since the world began. */
  write(sinceMs: number, who: string, what: string): void {
    const line = `${sinceMs} ${who} ${what}`
    this.count += 1
    this.#hash.update(line).update("\n")
    if (this.#keep) this.lines.push(line)
  }

  /** The hash so far, in hexadecimal. Call it once, at the end. */
  digest(): string {
    return this.#hash.digest("hex")
  }
}
