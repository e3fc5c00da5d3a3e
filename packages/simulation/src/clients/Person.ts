/** Someone in the world who asks for things, with a name and dice of their own, on behalf of a tenant. */
import type { TenantId } from "@dueline/contracts/Ids"
import type { Dice } from "../world/Dice.ts"
import { type Around, Requests } from "./Requests.ts"

export abstract class Person<A extends Around = Around> {
  protected readonly around: A
  protected readonly tenantId: TenantId
  protected readonly name: string
  protected readonly dice: Dice
  protected readonly requests: Requests

  constructor(around: A, tenantId: TenantId, name: string) {
    const { answers, front, world } = around
    this.around = around
    this.tenantId = tenantId
    this.name = name
    this.dice = world.dice.fork(name)
    this.requests = new Requests({ world, front, answers, tenantId, name, dice: this.dice })
  }

  /** Requests that have not come to an answer yet. */
  get open(): number {
    return this.requests.open
  }
}
