/** Someone who keeps customers, bins and orders for a tenant whose others do the same, with the same few bins and for the same hours. */
import { BinId, CustomerId, OrderId, type TenantId } from "@dueline/contracts/Ids"
import type { AnswerCheck } from "./AnswerCheck.ts"
import { drawBin, drawBinChange, drawCustomer, drawCustomerChange } from "./drawField.ts"
import { drawOrder, drawOrderChange } from "./drawOrder.ts"
import type { Dice } from "./Dice.ts"
import type { Front } from "./Front.ts"
import { Requests } from "./Requests.ts"
import type { World } from "./World.ts"

export class FieldClient {
  readonly #world: World
  readonly #dice: Dice
  readonly #tenantId: TenantId
  readonly #name: string
  readonly #requests: Requests
  readonly #orders: Array<OrderId> = []

  constructor(world: World, front: Front, check: AnswerCheck, tenantId: TenantId, name: string) {
    this.#world = world
    this.#dice = world.dice.fork(name)
    this.#tenantId = tenantId
    this.#name = name
    this.#requests = new Requests({ world, front, check, tenantId, name, dice: this.#dice })
  }

  /** Requests that have not come to an answer yet. */
  get open(): number {
    return this.#requests.open
  }

  start(actions: number, withinMs: number): void {
    const { time } = this.#world
    // What orders need comes first, so that most of them have a chance.
    for (const n of [1, 2]) {
      time.after(this.#dice.between(0, 200), () => this.#register(n))
      time.after(this.#dice.between(200, 1_000), () => this.#createBin(n))
    }
    for (let i = 0; i < actions; i++) time.after(this.#dice.between(500, withinMs), () => this.#act())
  }

  #act(): void {
    const { keyed: kept } = this.#requests
    const order = this.#orders.at(this.#dice.between(0, Math.max(0, this.#orders.length - 1)))
    const keyed = kept.at(this.#dice.between(0, Math.max(0, kept.length - 1)))
    const roll = this.#dice.next()
    if (roll < 0.06) return this.#register(this.#dice.between(1, 3))
    if (roll < 0.12) return this.#createBin(this.#dice.between(1, 3))
    if (roll < 0.2) return this.#change(drawCustomerChange(this.#dice, this.#now, this.#customer()))
    if (roll < 0.34) return this.#change(drawBinChange(this.#dice, this.#now, this.#bin(), this.#customer()))
    if (roll < 0.39 && keyed !== undefined) return this.#requests.send(keyed)
    if (roll < 0.42 && keyed?.idempotency) {
      return this.#requests.send({ ...keyed, idempotency: { ...keyed.idempotency, fingerprint: "another" } })
    }
    if (order === undefined || roll < 0.66) return this.#createOrder()
    this.#change(drawOrderChange(this.#dice, this.#now, order))
  }

  get #now(): number {
    return this.#world.time.now
  }

  /** The tenant's third customer, and so on: whoever names it means the same. */
  #id(kind: string): string {
    return this.#world.dice.fork(`${this.#tenantId}/${kind}`).uuid()
  }

  #customer(n = this.#dice.pick([1, 1, 2, 2, 3])): CustomerId {
    return CustomerId.make(this.#id(`customer ${n}`))
  }

  #bin(n = this.#dice.pick([1, 1, 2, 2, 3])): BinId {
    return BinId.make(this.#id(`bin ${n}`))
  }

  #register(n: number): void {
    const about = { correlationId: this.#requests.correlation(), fingerprint: "register" }
    const command = drawCustomer(this.#now, this.#customer(n), about)
    const key = this.#requests.newKey(0.8)
    this.#requests.make(command, key, `register ${command.customerId}`)
  }

  #createBin(n: number): void {
    const about = { correlationId: this.#requests.correlation(), fingerprint: "create" }
    const command = drawBin(this.#dice, this.#now, this.#bin(n), about)
    const key = this.#requests.newKey(0.8)
    this.#requests.make(command, key, `create ${JSON.stringify(command.bin)}`)
  }

  #createOrder(): void {
    const key = this.#requests.newKey(0.7)
    const orderId = OrderId.make(this.#id(`order ${key ?? `${this.#name}+${this.#requests.next()}`}`))
    const origin = { correlationId: this.#requests.correlation(), traceparent: null }
    const fingerprint = key === null ? null : `order ${key}`
    const about = { orderId, customerId: this.#customer(), binId: this.#bin(), origin, fingerprint }
    this.#orders.push(orderId)
    this.#requests.make(drawOrder(this.#dice, this.#now, about), key, fingerprint)
  }

  #change(command: Parameters<Requests["make"]>[0]): void {
    const key = this.#requests.newKey(0.5)
    this.#requests.make(command, key, key === null ? null : `${command._tag} ${key}`, true)
  }
}
