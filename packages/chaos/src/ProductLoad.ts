/**
 * Products beside the clients, which report what their users do: one event at a time or a few together, some again, and each request until it is
 * answered. Tenants call their events alike, so that one tenant's must not count as another's; what an event holds says whose it is.
 */
import { Dice } from "@dueline/simulation/world/Dice"
import type { Heard, Request } from "./Api.ts"
import type { ProductReport } from "./History.ts"
import { drawReported, PacedLoad, type ReportingOptions, reportingSenders } from "./PacedLoad.ts"

interface Product {
  readonly tenant: string
  readonly token: string
  readonly recent: Array<string>
  reported: number
}

const batchShare = 0.3
const identifyShare = 0.3
const mostTogether = 5

type Result = ProductReport["results"][number]

/** Of a single event the answer is its receipt, of several there is one for each. */
const resultsOf = (heard: Heard | null): ReadonlyArray<Result> => {
  if (heard?.status !== 200) return []
  const items = (heard.body?.["items"] ?? [heard.body]) as ReadonlyArray<Result>
  return items.map(({ eventId, status }) => ({ eventId, status }))
}

export class ProductLoad extends PacedLoad {
  readonly reports: Array<ProductReport> = []
  readonly #options: ReportingOptions
  readonly #products: ReadonlyArray<Product>
  readonly #dice: Dice

  constructor(options: ReportingOptions) {
    super(options.rate, reportingSenders)
    this.#options = options
    this.#products = [...options.tenants].map(([tenant, token]) => ({ tenant, token, recent: [], reported: 0 }))
    this.#dice = new Dice(options.seed).fork("products")
  }

  #itemOf(tenant: string, eventId: string) {
    const common = { event_id: eventId, userId: `user-of-${tenant}` }
    return this.#dice.chance(identifyShare)
      ? { type: "identify", ...common, traits: { tenant } }
      : { type: "track", ...common, event: "Order Shipped", properties: { tenant } }
  }

  protected async send(): Promise<void> {
    const product = this.#products[this.#dice.between(0, this.#products.length - 1)]
    if (product === undefined) return
    const { tenant, token } = product
    const many = this.#dice.chance(batchShare)
    const eventIds = Array.from({ length: many ? this.#dice.between(1, mostTogether) : 1 }, () =>
      drawReported(product.recent, this.#dice, () => `event-${product.reported++}`)
    )
    const items = eventIds.map((eventId) => this.#itemOf(tenant, eventId))
    const { heard, tries } = await this.#options.api.insist(
      { method: "POST", token, ...requestOf(many, items) },
      this.isGivenUp
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
