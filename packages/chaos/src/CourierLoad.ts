/**
 * Couriers beside the clients: one for each tenant, which sends events at a rate of its own, some of them again, and each until it is answered.
 * What it tells comes out of order and with times that are wrong (`simulation/Courier`).
 */
import { schemePresets } from "@dueline/contracts/courierSource/SignatureScheme"
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import { signRequest } from "@dueline/secrets/requestSignature"
import { Courier } from "@dueline/simulation/clients/Courier"
import { Dice } from "@dueline/simulation/world/Dice"
import type { Api, Heard } from "./Api.ts"
import type { Report } from "./History.ts"
import { drawReported, PacedLoad, type ReportingOptions, reportingSenders } from "./PacedLoad.ts"

interface Source {
  readonly tenant: string
  readonly id: string
  readonly secret: string
  readonly courier: Courier
  readonly recent: Array<EventFacts>
}

const scheme = schemePresets["standard-webhooks"]
/** Whether a source is there is asked before anything goes wrong. */
const creationTries = 20

const createSource = async (api: Api, tenant: string, token: string): Promise<Pick<Source, "id" | "secret">> => {
  let tries = 0
  const { heard } = await api.insist(
    {
      method: "POST",
      path: "/ops/courier-sources",
      token,
      body: JSON.stringify({ name: `courier-${tenant}`, scheme: "standard-webhooks" })
    },
    () => ++tries > creationTries
  )
  const { id, secret } = heard?.body ?? {}
  if (typeof id !== "string" || typeof secret !== "string")
    throw new Error(`no courier source: ${JSON.stringify(heard)}`)
  return { id, secret }
}

const bodyOf = ({ eventId, occurredAt, orderId, trackingReference, type }: EventFacts): string =>
  JSON.stringify({ id: eventId, type, trackingReference, occurredAt: new Date(occurredAt).toISOString(), orderId })

export class CourierLoad extends PacedLoad {
  readonly reports: Array<Report> = []
  readonly #options: ReportingOptions
  readonly #sources: ReadonlyArray<Source>
  readonly #dice: Dice
  #sent = 0

  private constructor(options: ReportingOptions, sources: ReadonlyArray<Source>) {
    super(options.rate, reportingSenders)
    this.#options = options
    this.#sources = sources
    this.#dice = new Dice(options.seed).fork("couriers")
  }

  static async make(options: ReportingOptions): Promise<CourierLoad> {
    const { api, seed, tenants } = options
    const sources = [...tenants].map(async ([tenant, token]): Promise<Source> => {
      const dice = new Dice(seed).fork(`courier of ${tenant}`)
      const courier = new Courier(dice, { name: tenant.toUpperCase(), orders: [], at: Date.now() })
      return { tenant, ...(await createSource(api, tenant, token)), courier, recent: [] }
    })
    return new CourierLoad(options, await Promise.all(sources))
  }

  protected async send(): Promise<void> {
    const source = this.#sources[this.#dice.between(0, this.#sources.length - 1)]
    if (source === undefined) return
    const event = drawReported(source.recent, this.#dice, () => source.courier.next())
    const body = bodyOf(event)
    const headers = signRequest(scheme, source.secret, {
      at: Date.now(),
      body: Buffer.from(body),
      headers: { "webhook-id": `m-${this.#sent++}` }
    })
    const path = `/v1/events/courier/${source.id}`
    const { heard, tries } = await this.#options.api.insist(
      { method: "POST", path, token: "", headers, body },
      this.isGivenUp
    )
    this.reports.push({ tenant: source.tenant, event, tries, ...answered(heard) })
  }
}

const answered = (heard: Heard | null): Pick<Report, "status" | "ingestionId"> => {
  const id = heard?.status === 202 ? heard.body?.["id"] : undefined
  return { status: heard?.status ?? null, ingestionId: typeof id === "string" ? id : null }
}
