/**
 * What people do beside the clients, each habit at a rate of its own: somebody pauses this and that, keeps schedules, confirms a job. What was begun
 * is brought to its end when the load is over, so that a run can come to rest.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as wait } from "node:timers/promises"
import type { Api, Heard, Request } from "./Api.ts"
import type { Asked, Wanted } from "./Asked.ts"

/** One time that somebody follows a habit. */
export interface Occasion {
  readonly number: number
  readonly tenant: string
  readonly dice: Dice
  /** Of services that calls are made to. */
  readonly targets: readonly [string, ...ReadonlyArray<string>]
  /** Until it is answered, the same in all tries; null when nobody waits for that any more. */
  readonly ask: (wanted: Wanted, request: Omit<Request, "token">) => Promise<Heard | null>
  /** So long, or until the load is over. */
  readonly lasting: (ms: number) => Promise<void>
}

export interface Habit {
  readonly everyMs: number
  readonly follow: (occasion: Occasion) => Promise<void>
}

export interface HabitOptions {
  readonly seed: number
  readonly api: Api
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
  readonly targets: readonly [string, ...ReadonlyArray<string>]
  readonly habits: Readonly<Record<string, Habit>>
}

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null)

export class Habits {
  readonly asked: Array<Asked> = []
  readonly #options: HabitOptions
  readonly #over = new AbortController()
  #givenUp = false

  constructor(options: HabitOptions) {
    this.#options = options
  }

  /** Until `stop`, and then until what was begun has ended. */
  async run(): Promise<void> {
    await Promise.all(Object.entries(this.#options.habits).map(([name, habit]) => this.#keep(name, habit)))
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#over.abort()
  }

  /** What is not answered by now stays without an answer. */
  giveUp(): void {
    this.#givenUp = true
  }

  async #keep(name: string, { everyMs, follow }: Habit): Promise<void> {
    const dice = new Dice(this.#options.seed).fork(`habit ${name}`)
    const [first = "", ...others] = this.#options.tenants.keys()
    const following: Array<Promise<void>> = []
    for (let number = 0; !this.#over.signal.aborted; number++) {
      // In turns, so that a short run has something of each.
      const tenant = [first, ...others][number % (1 + others.length)] ?? first
      following.push(follow(this.#occasion(tenant, `${name}-${number}`, number, dice.fork(`${number}`))))
      await this.#lasting(everyMs)
    }
    await Promise.all(following)
  }

  #occasion(tenant: string, key: string, number: number, dice: Dice): Occasion {
    let asked = 0
    return {
      number,
      tenant,
      dice,
      targets: this.#options.targets,
      ask: (wanted, request) => this.ask(tenant, `${key}-${asked++}`, wanted, request),
      lasting: (ms) => this.#lasting(ms)
    }
  }

  /** Also for whoever has no habit of it. */
  async ask(tenant: string, key: string, wanted: Wanted, request: Omit<Request, "token">): Promise<Heard | null> {
    const { api, tenants } = this.#options
    const invokedAt = Date.now()
    // Of many that are submitted together each has a key of its own.
    const keyed = wanted._tag === "submit-many" ? {} : { "idempotency-key": key }
    const { heard, tries } = await api.insist(
      { ...request, token: tenants.get(tenant) ?? "", headers: { ...keyed, ...request.headers } },
      () => this.#givenUp
    )
    const { id, secret } = heard?.body ?? {}
    const completedAt = heard === null ? null : Date.now()
    const status = heard?.status ?? null
    this.asked.push({ tenant, wanted, invokedAt, completedAt, tries, status, id: textOf(id), secret: textOf(secret) })
    return heard
  }

  async #lasting(ms: number): Promise<void> {
    await wait(ms, undefined, { signal: this.#over.signal }).catch(() => undefined)
  }
}
