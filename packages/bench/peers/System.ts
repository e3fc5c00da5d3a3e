/** What the bench knows of a system under measurement, whatever it is made of. */

/** A call to be made: one POST of `body` to `url`, at `dueAt` (epoch ms) or at once. */
export interface Call {
  /** Of its own for each call; submitting it twice must not make two calls. A UUID. */
  readonly key: string
  readonly url: string
  readonly dueAt?: number
}

/** The same few bytes for every call of every system. */
export const body = { order: 4711, bin: "B-17", what: "pickup" }

/** How to reach a store: addresses and the like, all text. */
export type Connection = Readonly<Record<string, string>>

/** Runs in the load generator's process. */
export interface Producer {
  /** Resolves when the call is accepted for good: durable. */
  readonly submit: (call: Call) => Promise<unknown>
}

/** What a module in `systems/` exports: the code a user of that system would write. */
export interface Peer {
  readonly produce: (connection: Connection, concurrency: number) => Promise<Producer>
  /** Resolves when it takes work. Absent where no process of ours works. */
  readonly work?: (connection: Connection) => Promise<void>
}

/** A server that keeps what is submitted. */
export interface Store {
  readonly connection: Connection
  readonly lastWords: () => string
  readonly cpuMicros: () => number
}

/** Processor time in microseconds. `client` is the load generator, with the producer in it. */
export interface Cpu {
  readonly client: number
  readonly program: number
  readonly store: number
}

/** What the load generator is asked for. */
export interface Burst {
  readonly count: number
  readonly concurrency: number
  /** Call `i` goes to `${url}/${i}`. */
  readonly url: string
  /** First `i`. */
  readonly first: number
  /** With it, call `i` is due `afterMs + spreadMs * i / count` after the first submission. */
  readonly due?: { readonly afterMs: number; readonly spreadMs: number }
}

/** Times in epoch ms with fractions. */
export interface Submitted {
  readonly from: number
  readonly to: number
  /** Of each call, in the order of the answers. */
  readonly latenciesMs: ReadonlyArray<number>
  /** Due time of call 0; 0 when due at once. */
  readonly dueFrom: number
}

/** A system that is up. What it consists of is held, and released by whoever started it. */
export interface Running {
  readonly submit: (burst: Burst) => Promise<Submitted>
  readonly cpuMicros: () => Cpu
  /** SIGKILL to the process that makes the calls. */
  readonly killWorker: () => Promise<void>
  /** Starts its replacement on the same store; resolves when that says it is ready. */
  readonly replaceWorker: () => Promise<void>
  readonly lastWords: () => string
}

export interface System {
  readonly name: string
  readonly label: string
  /** What was chosen for it, in a few words for the table's legend. */
  readonly note: string
  /** False where it knows no due times. */
  readonly timers?: boolean
  /** False where nothing comes back after a kill, by design. */
  readonly recovers?: boolean
  /** Why it cannot be measured here, if so. */
  readonly missing: () => Promise<string | undefined>
  readonly start: () => Promise<Running>
}
