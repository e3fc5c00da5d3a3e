/** Someone who keeps customers, bins and orders for a tenant whose others do the same, with the same few bins and for the same hours. */
import type { BinCommand } from "@dueline/contracts/bin/Bin"
import type { CustomerCommand } from "@dueline/contracts/customer/Customer"
import { BinId, type CorrelationId, CustomerId, EpochMillis, OrderId, type TenantId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import type { OrderCommand, OrderItem, OrderTerms, TimeWindow } from "@dueline/contracts/order/Order"
import type { Dice } from "../world/Dice.ts"
import { Person } from "./Requests.ts"
import type { World } from "../world/World.ts"

// Draws what is asked of orders: all for the same few hours, so that they meet.

const hour = 3_600_000
/** Of some day to come. */
export const morning = 1_800_100_800_000

const drawWindow = (dice: Dice): TimeWindow => {
  const from = morning + dice.between(0, 7) * hour
  return { from: EpochMillis.make(from), to: EpochMillis.make(from + dice.between(1, 3) * hour) }
}

const drawItems = (dice: Dice, least: number): ReadonlyArray<OrderItem> =>
  Array.from({ length: dice.pick([least, 1, 2, 60]) }, () => ({ material: "glass", quantity: 1, unit: "piece" }))

const drawOrder = (
  dice: Dice,
  now: number,
  about: {
    readonly orderId: OrderId
    readonly customerId: CustomerId
    readonly binId: BinId
    readonly origin: OrderTerms["origin"]
    readonly fingerprint: string | null
  }
): OrderCommand => {
  const { binId, customerId, fingerprint, orderId, origin } = about
  return {
    _tag: "CreateOrder",
    orderId,
    at: EpochMillis.make(now),
    terms: { customerId, binId, kind: dice.pick(["delivery", "pickup", "swap"]), notifications: [], origin },
    window: dice.chance(0.9) ? drawWindow(dice) : null,
    items: drawItems(dice, 0),
    schedule: dice.chance(0.75),
    fingerprint
  }
}

const drawOrderChange = (dice: Dice, now: number, orderId: OrderId): OrderCommand => {
  const about = { orderId, at: EpochMillis.make(now) }
  const roll = dice.next()
  if (roll < 0.2) return { ...about, _tag: "CancelOrder" }
  if (roll < 0.3) return { ...about, _tag: "CompleteOrder" }
  if (roll < 0.5) return { ...about, _tag: "ConfirmOrder" }
  if (roll < 0.65) return { ...about, _tag: "AddOrderItems", items: drawItems(dice, 1) }
  if (roll < 0.85) return { ...about, _tag: "MoveOrder", window: drawWindow(dice) }
  return { ...about, _tag: "ScheduleOrder", window: dice.chance(0.5) ? drawWindow(dice) : null }
}

// Draws what is asked of customers and bins.

type Of<T extends { readonly _tag: string }, Tag extends T["_tag"]> = Extract<T, { readonly _tag: Tag }>

interface About {
  readonly correlationId: CorrelationId
  readonly fingerprint: string
}

/** Begins with whom it is about, so that nobody's is taken for another's. */
const profile = (customerId: CustomerId, text: string): string => `${customerId}.${text}`

const drawCustomer = (
  now: number,
  customerId: CustomerId,
  { correlationId, fingerprint }: About
): Of<CustomerCommand, "RegisterCustomer"> => ({
  _tag: "RegisterCustomer",
  customerId,
  at: EpochMillis.make(now),
  fields: ["name"],
  sealed: profile(customerId, "first"),
  fingerprint,
  origin: { correlationId, traceparent: null }
})

const drawCustomerChange = (dice: Dice, now: number, customerId: CustomerId): CustomerCommand => {
  const at = EpochMillis.make(now)
  if (dice.chance(0.25)) return { _tag: "EraseCustomer", customerId, at }
  const fields = dice.chance(0.2) ? [] : [dice.pick(["name", "email", "phone"] as const)]
  return { _tag: "UpdateCustomer", customerId, at, fields, sealed: profile(customerId, `${now}`) }
}

const drawSerial = (dice: Dice): string => `SN-${dice.between(1, 4)}`

const drawBin = (
  dice: Dice,
  now: number,
  binId: BinId,
  { correlationId, fingerprint }: About
): Of<BinCommand, "CreateBin"> => ({
  _tag: "CreateBin",
  binId,
  at: EpochMillis.make(now),
  bin: { serialNumber: drawSerial(dice), category: "skip", sizeLitres: 1_000, location: null, customerId: null },
  capacityLitres: dice.pick([null, 500, 1_000]),
  fingerprint,
  origin: { correlationId, traceparent: null }
})

const drawBinChange = (dice: Dice, now: number, binId: BinId, customerId: CustomerId): BinCommand => {
  const at = EpochMillis.make(now)
  const roll = dice.next()
  if (roll < 0.12) return { _tag: "RetireBin", binId, at }
  if (roll < 0.3) return { _tag: "UpdateBinCapacity", binId, at, capacityLitres: dice.pick([400, 900, 1_000, 1_200]) }
  const changes =
    roll < 0.5
      ? { serialNumber: drawSerial(dice) }
      : roll < 0.65
        ? { status: dice.pick(["Active", "Active", "Maintenance"] as const) }
        : roll < 0.9
          ? { customerId: dice.pick([customerId, null]) }
          : { sizeLitres: dice.pick([800, 1_000]) }
  return { _tag: "UpdateBin", binId, at, changes }
}

/** The tenant's third customer, and so on: whoever names it means the same. */
export const keptId = (world: World, tenantId: TenantId, name: string): string =>
  world.dice.fork(`${tenantId}/${name}`).uuid()

export class OpsClient extends Person {
  readonly #orders: Array<OrderId> = []

  start(actions: number, withinMs: number): void {
    const { time } = this.around.world
    // What orders need comes first, so that most of them have a chance.
    for (const n of [1, 2]) {
      time.after(this.dice.between(0, 200), () => this.#register(n))
      time.after(this.dice.between(200, 1_000), () => this.#createBin(n))
    }
    for (let i = 0; i < actions; i++) time.after(this.dice.between(500, withinMs), () => this.#act())
  }

  #act(): void {
    const { keyed: kept } = this.requests
    const order = this.#orders.at(this.dice.between(0, Math.max(0, this.#orders.length - 1)))
    const keyed = kept.at(this.dice.between(0, Math.max(0, kept.length - 1)))
    const roll = this.dice.next()
    if (roll < 0.06) return this.#register(this.dice.between(1, 3))
    if (roll < 0.12) return this.#createBin(this.dice.between(1, 3))
    if (roll < 0.2) return this.#change(drawCustomerChange(this.dice, this.#now, this.#customer()))
    if (roll < 0.34) return this.#change(drawBinChange(this.dice, this.#now, this.#bin(), this.#customer()))
    if (roll < 0.39 && keyed !== undefined) return this.requests.send(keyed)
    if (roll < 0.42 && keyed?.idempotency) {
      return this.requests.send({ ...keyed, idempotency: { ...keyed.idempotency, fingerprint: "another" } })
    }
    if (order === undefined || roll < 0.66) return this.#createOrder()
    this.#change(drawOrderChange(this.dice, this.#now, order))
  }

  get #now(): number {
    return this.around.world.time.now
  }

  #id(name: string): string {
    return keptId(this.around.world, this.tenantId, name)
  }

  #customer(n = this.dice.pick([1, 1, 2, 2, 3])): CustomerId {
    return CustomerId.make(this.#id(`customer ${n}`))
  }

  #bin(n = this.dice.pick([1, 1, 2, 2, 3])): BinId {
    return BinId.make(this.#id(`bin ${n}`))
  }

  #register(n: number): void {
    const about = { correlationId: this.requests.correlation(), fingerprint: "register" }
    const command = drawCustomer(this.#now, this.#customer(n), about)
    const key = this.requests.newKey(0.8)
    this.requests.make(command, key, `register ${command.customerId}`)
  }

  #createBin(n: number): void {
    const about = { correlationId: this.requests.correlation(), fingerprint: "create" }
    const command = drawBin(this.dice, this.#now, this.#bin(n), about)
    const key = this.requests.newKey(0.8)
    this.requests.make(command, key, `create ${JSON.stringify(command.bin)}`)
  }

  #createOrder(): void {
    const key = this.requests.newKey(0.7)
    const orderId = OrderId.make(this.#id(`order ${key ?? `${this.name}+${this.requests.next()}`}`))
    const origin = { correlationId: this.requests.correlation(), traceparent: null }
    const fingerprint = key === null ? null : `order ${key}`
    const about = { orderId, customerId: this.#customer(), binId: this.#bin(), origin, fingerprint }
    this.#orders.push(orderId)
    this.requests.make(drawOrder(this.dice, this.#now, about), key, fingerprint)
  }

  #change(command: Command): void {
    const key = this.requests.newKey(0.5)
    this.requests.make(command, key, key === null ? null : `${command._tag} ${key}`, true)
  }
}
