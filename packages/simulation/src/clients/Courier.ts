/**
 * A courier drawn from a seed. Its shipments have lives, which it tells out of order and with times that are wrong or not to be told apart;
 * an order that a shipment is for is named by every event of it or by one alone, and some orders that are named do not exist.
 */
import type { OrderId } from "@dueline/contracts/Ids"
import type { CourierEventType, EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import type { Dice } from "../world/Dice.ts"

export interface CourierOptions {
  /** Begins every id of an event and every tracking reference. */
  readonly name: string
  /** Orders that are there, each for one shipment. */
  readonly orders: ReadonlyArray<OrderId>
  /** Epoch milliseconds around which things happen. */
  readonly at: number
}

/** Shipments that are told of at the same time. */
const underWay = 12
const orderShare = 0.4
const missingShare = 0.1
const minute = 60_000
const day = 1_440 * minute

const drawLife = (dice: Dice): ReadonlyArray<CourierEventType> => {
  const moving: Array<CourierEventType> = Array.from({ length: dice.between(0, 3) }, () =>
    dice.chance(0.25) ? "shipment.exception" : "shipment.in_transit"
  )
  const ends: Array<CourierEventType> = dice.chance(0.8) ? ["shipment.delivered"] : []
  const returns: Array<CourierEventType> = dice.chance(0.15) ? ["shipment.returned"] : []
  return ["label.created", "pickup.completed", ...moving, ...ends, ...returns]
}

const shuffled = <A>(dice: Dice, items: ReadonlyArray<A>): ReadonlyArray<A> =>
  items
    .map((item) => [dice.next(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item)

export class Courier {
  readonly #dice: Dice
  readonly #options: CourierOptions
  readonly #open: Array<Array<EventFacts>> = []
  #shipments = 0
  #events = 0
  #orders = 0

  constructor(dice: Dice, options: CourierOptions) {
    this.#dice = dice
    this.#options = options
  }

  /** What it reports next. */
  next(): EventFacts {
    while (this.#open.length < underWay) this.#open.push([...this.#newShipment()])
    const at = this.#dice.between(0, underWay - 1)
    const shipment = this.#open[at] ?? []
    const event = shipment.shift()
    if (event === undefined) throw new Error("a shipment without an event left")
    if (shipment.length === 0) this.#open.splice(at, 1)
    return event
  }

  /** The order of a shipment, if it has one, and whether each event names it. */
  #drawOrder(): readonly [OrderId | null, boolean] {
    if (this.#dice.chance(missingShare)) return [this.#dice.uuid() as OrderId, true]
    const order = this.#options.orders[this.#orders]
    if (order === undefined || !this.#dice.chance(orderShare)) return [null, false]
    this.#orders += 1
    return [order, this.#dice.chance(0.5)]
  }

  /** Honest within the hour, but for one time in seven. */
  #drawTime(began: number, step: number): number {
    const honest = began + step * this.#dice.between(0, 60) * minute
    if (!this.#dice.chance(0.15)) return honest
    return this.#dice.pick([began, began - this.#dice.between(1, 30) * day, began + this.#dice.between(1, 365) * day])
  }

  #newShipment(): ReadonlyArray<EventFacts> {
    const dice = this.#dice
    const { at, name } = this.#options
    const trackingReference = `${name}-S${this.#shipments++}`
    const began = at - dice.between(0, 10) * day
    const [orderId, always] = this.#drawOrder()
    const life = drawLife(dice)
    const naming = dice.between(0, life.length - 1)
    const told = life.map(
      (type, step): EventFacts => ({
        eventId: `${name}-E${this.#events++}`,
        type,
        trackingReference,
        occurredAt: this.#drawTime(began, step) as EventFacts["occurredAt"],
        orderId: always || step === naming ? orderId : null
      })
    )
    return dice.chance(0.4) ? shuffled(dice, told) : told
  }
}
