/**
 * Looks at the product events that are stored, after every write and with every answer: each event id once in its tenant, each as it was sent, a
 * request whole or not at all, and an answer that says what is there. What was sent is what clients say, not what the program made of it.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import type { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import type { ReportedBy, ReportedEvent, StoredProductEvent } from "@dueline/contracts/productEvent/ProductEvent"
import { Effect } from "effect"
import type { World } from "../world/World.ts"

/** One request as one process received it: repeated, it is another one, with other ids for the same event ids. */
export interface Receipt {
  readonly by: ReportedBy
  readonly events: ReadonlyArray<ReportedEvent>
}

const contentOf = (
  { workspace }: { readonly workspace: string },
  event: ReportedEvent | StoredProductEvent
): string => {
  const { anonymousId, document, eventId, name, occurredAt, type, userId } = event
  const text = typeof document === "string" ? document : JSON.stringify(document)
  return JSON.stringify([workspace, eventId, type, name, userId, anonymousId, occurredAt, text])
}

export class ReportCheck {
  readonly #world: World
  readonly #list: ProductEvents["Service"]["list"]
  readonly #received: Array<Receipt> = []
  /** Content of each event as it was received, by tenant and id. */
  readonly #sent = new Map<string, string>()
  /** Answers: by receipt, which of its ids were said to be stored. */
  readonly #answers = new Map<Receipt, ReadonlySet<string>>()

  constructor(world: World, { list }: ProductEvents["Service"]) {
    this.#world = world
    this.#list = list
  }

  received(receipt: Receipt): void {
    const { by, events } = receipt
    this.#received.push(receipt)
    for (const event of events) this.#sent.set(`${by.tenantId}/${event.id}`, contentOf(by, event))
  }

  #rows(tenantId: TenantId): ReadonlyArray<StoredProductEvent> {
    return Effect.runSync(Effect.orDie(this.#list({ tenantId, after: null, limit: 1_000_000 }))).events
  }

  /** Something was written, perhaps for several tenants. */
  written(): void {
    for (const tenantId of new Set(this.#received.map(({ by }) => by.tenantId))) {
      const rows = this.#rows(tenantId)
      const eventIds = new Set<string>()
      for (const row of rows) {
        if (eventIds.has(row.eventId))
          this.#world.violate("an event id is stored once", `${row.eventId} of ${tenantId} twice`)
        eventIds.add(row.eventId)
        if (this.#sent.get(`${tenantId}/${row.id}`) !== contentOf(row, row))
          this.#world.violate("a reported event is stored as it was sent", `${row.eventId} of ${tenantId}`)
      }
      const ids = new Set<string>(rows.map(({ id }) => id))
      for (const { by, events } of this.#received) {
        if (by.tenantId !== tenantId || !events.some(({ id }) => ids.has(id))) continue
        const left = events.filter(({ eventId }) => !eventIds.has(eventId))
        if (left.length > 0)
          this.#world.violate(
            "a report is stored whole or not at all",
            `${left.length} of ${events.length} of ${by.correlationId} are not there`
          )
      }
    }
  }

  /** Somebody hears that these of its events are stored, and the others were there already. */
  answered(receipt: Receipt, stored: ReadonlySet<string>): void {
    this.#answers.set(receipt, stored)
    this.#judge(receipt, stored)
  }

  #judge({ by, events }: Receipt, stored: ReadonlySet<string>): void {
    const rows = this.#rows(by.tenantId)
    for (const { eventId, id } of events) {
      const row = rows.find((one) => one.eventId === eventId)
      if (row === undefined || (row.id === id) !== stored.has(id)) {
        const told = `${eventId} was answered as ${stored.has(id) ? "stored" : "there already"}`
        this.#world.violate("an answer says what is stored", `${told} and is ${row?.id ?? "not there"}`)
      }
    }
  }

  /** Once more over all that was answered: nothing that is stored goes away. */
  finish(): void {
    this.written()
    for (const [receipt, stored] of this.#answers) this.#judge(receipt, stored)
  }
}
