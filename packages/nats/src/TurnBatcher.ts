/** Batches what is to be sent during one turn of the event loop into one message; under load a message carries many. */
import { Effect } from "effect"

/** Bytes, well below the server's limit on a message (1 MB by default), with room for one large item more. */
const sizeLimit = 400_000

export class TurnBatcher {
  readonly #items: Array<string> = []
  readonly #fork: (effect: Effect.Effect<void>) => unknown
  readonly #send: (items: ReadonlyArray<string>) => void
  #size = 0

  /** `send` gets the items of a turn, in order, as JSON texts. `fork` runs an effect beside everything else. */
  constructor(fork: (effect: Effect.Effect<void>) => unknown, send: (items: ReadonlyArray<string>) => void) {
    this.#fork = fork
    this.#send = send
  }

  add(item: string): void {
    const size = Buffer.byteLength(item)
    if (this.#items.length > 0 && this.#size + size > sizeLimit) this.flush()
    const first = this.#items.push(item) === 1
    this.#size += size
    if (first) this.#fork(Effect.andThen(Effect.yieldNow, this.#flushed))
  }

  flush(): void {
    if (this.#items.length === 0) return
    this.#size = 0
    this.#send(this.#items.splice(0))
  }

  readonly #flushed = Effect.sync(() => this.flush())
}

/** One for each receiver, made when it is first written to. */
export class TurnBatchers {
  readonly #made = new Map<string, TurnBatcher>()
  readonly #make: (receiver: string) => TurnBatcher
  readonly #limit: number

  /** Beyond `limit` receivers the one known for longest is forgotten; what it was to get still leaves. */
  constructor(make: (receiver: string) => TurnBatcher, limit = 1_000) {
    this.#make = make
    this.#limit = limit
  }

  to(receiver: string): TurnBatcher {
    const known = this.#made.get(receiver)
    if (known !== undefined) return known
    const batcher = this.#make(receiver)
    this.#made.set(receiver, batcher)
    const [oldest] = this.#made.keys()
    if (this.#made.size > this.#limit && oldest !== undefined) this.#made.delete(oldest)
    return batcher
  }

  forget(receiver: string): void {
    this.#made.delete(receiver)
  }

  flush(): void {
    for (const batcher of this.#made.values()) batcher.flush()
  }
}
