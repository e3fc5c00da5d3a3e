/**
 * Products beside the clients, which report what their users do: one event at a time or a few together, some again, and each request until it is
 * answered. Tenants call their events alike, so that one tenant's must not count as another's; what an event holds says whose it is.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import { setTimeout as wait } from "node:timers/promises"
import type { Api, Heard, Request } from "./Api.ts"
import type { ProductReport } from "./History.ts"

export interface ProductLoadOptions {
  readonly seed: number
  readonly api: Api
  /** Names and tokens. */
  readonly tenants: ReadonlyMap<string, string>
  /** Requests a second, of all products together. */
  readonly rate: number
}

interface Product {
  readonly tenant: string
  readonly token: string
  readonly recent: Array<string>
  reported: number
}

/** Requests under way at once. */
const senders = 8
const repeatShare = 0.25
const batchShare = 0.3
const identifyShare = 0.3
const mostTogether = 5
/** A repeat is of one of so many latest events. */
const remembered = 30

type Result = ProductReport["results"][number]

/** Of a single event the answer is its receipt, of several there is one for each. */
const resultsOf = (heard: Heard | null): ReadonlyArray<Result> => {
  if (heard?.status !== 200) return []
  const items = (heard.body?.["items"] ?? [heard.body]) as ReadonlyArray<Result>
  return items.map(({ eventId, status }) => ({ eventId, status }))
}

export class ProductLoad {
  readonly reports: Array<ProductReport> = []
  readonly #options: ProductLoadOptions
  readonly #products: ReadonlyArray<Product>
  readonly #dice: Dice
  #stopped = false
  #givenUp = false

  constructor(options: ProductLoadOptions) {
    this.#options = options
    this.#products = [...options.tenants].map(([tenant, token]) => ({ tenant, token, recent: [], reported: 0 }))
    this.#dice = new Dice(options.seed).fork("products")
  }

  /** Until `stop`, and then until what was begun is answered. */
  async run(): Promise<void> {
    const everyMs = 1_000 / this.#options.rate
    let next = performance.now()
    const sender = async () => {
      while (!this.#stopped) {
        // Who was held up does not make up for it with a flood.
        const slot = Math.max(next, performance.now() - everyMs * senders)
        next = slot + everyMs
        const early = slot - performance.now()
        if (early > 0) await wait(early)
        if (!this.#stopped) await this.#send()
      }
    }
    await Promise.all(Array.from({ length: senders }, sender))
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#stopped = true
  }

  /** What is not answered by now stays without an answer. */
  giveUp(): void {
    this.#givenUp = true
  }

  #draw(product: Product): string {
    const { recent } = product
    const [latest, ...others] = recent
    if (latest !== undefined && this.#dice.chance(repeatShare)) return this.#dice.pick([latest, ...others])
    const eventId = `event-${product.reported++}`
    recent.unshift(eventId)
    recent.splice(remembered)
    return eventId
  }

  #itemOf(tenant: string, eventId: string) {
    const common = { event_id: eventId, userId: `user-of-${tenant}` }
    return this.#dice.chance(identifyShare)
      ? { type: "identify", ...common, traits: { tenant } }
      : { type: "track", ...common, event: "Order Shipped", properties: { tenant } }
  }

  async #send(): Promise<void> {
    const product = this.#products[this.#dice.between(0, this.#products.length - 1)]
    if (product === undefined) return
    const { tenant, token } = product
    const many = this.#dice.chance(batchShare)
    const eventIds = Array.from({ length: many ? this.#dice.between(1, mostTogether) : 1 }, () => this.#draw(product))
    const items = eventIds.map((eventId) => this.#itemOf(tenant, eventId))
    const { heard, tries } = await this.#options.api.insist(
      { method: "POST", token, ...requestOf(many, items) },
      () => this.#givenUp
    )
    this.reports.push({ tenant, eventIds, tries, status: heard?.status ?? null, results: resultsOf(heard) })
  }
}

const requestOf = (
  many: boolean,
  items: ReadonlyArray<{ readonly type: string }>
): Pick<Request, "path"> & { readonly body: string } => {
  const [{ type, ...only } = { type: "track" }] = items
  return many
    ? { path: "/v1/events/batch", body: JSON.stringify({ batch: items }) }
    : { path: `/v1/events/${type}`, body: JSON.stringify(only) }
}
