/** What was answered about customers, bins and orders: an acceptance says what the log says, and a refusal has a reason in it. */
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import type { AnyAnswer, AnyRefusal } from "@dueline/contracts/ports/Orchestrator"
import type { Asked } from "./AnswerCheck.ts"
import { type CheckedOps, type Facts, type OpsCheck, isActive, isOrder, type OrderFacts, wasSince } from "./OpsCheck.ts"
import type { World } from "../world/World.ts"

type Window = NonNullable<OrderFacts["window"]>
const overlap = (a: Window, b: Window): boolean => a.from < b.to && b.from < a.to

export class OpsAnswers {
  readonly #world: World
  readonly #ops: OpsCheck

  constructor(world: World, ops: OpsCheck) {
    this.#world = world
    this.#ops = ops
  }

  /** What is told is what the aggregate was at the version that is told with it. */
  accepted({ command, tenantId }: Asked, { outcome, version }: AnyAnswer): void {
    const facts = this.#ops.find(tenantId, streamIdOf(command))?.past[version - 1]?.facts
    if (facts === undefined) return
    const told = "bin" in outcome ? outcome.bin : "order" in outcome ? outcome.order : outcome
    const shared = Object.entries(told).filter(([name]) => name !== "_tag" && name in facts)
    const wrong = shared.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(facts[name]))
    if (wrong.length > 0 || ("status" in told ? told.status : undefined) !== facts.status) {
      const names = wrong.map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ")
      this.#world.violate("an answer says what is in the log", `${command._tag} at ${version} told of ${names}`)
    }
  }

  refused({ askedTime, command, tenantId }: Asked, refusal: AnyRefusal): void {
    if (this.#explained(tenantId, command, refusal, askedTime)) return
    this.#world.violate(
      "a refusal has a reason",
      `${command._tag} of ${streamIdOf(command)}: ${JSON.stringify(refusal)}`
    )
  }

  /** Whether what the refusal says was true at some moment between the asking and now. */
  #explained(tenantId: string, command: Command, refusal: AnyRefusal, since: number): boolean {
    const own = () => wasSince(this.#ops.find(tenantId, streamIdOf(command)), since)
    const orders = (test: (facts: OrderFacts) => boolean) =>
      this.#others(tenantId, command, since).some((facts) => isOrder(facts) && isActive(facts) && test(facts))
    switch (refusal._tag) {
      case "OrderWindowTaken":
        return orders(
          ({ binId, window }) => binId === refusal.binId && window !== null && overlap(window, refusal.window)
        )
      case "BinInUse":
        return orders(({ binId }) => binId === refusal.binId)
      case "CustomerInUse":
        return orders(({ customerId }) => customerId === refusal.customerId)
      case "SerialNumberTaken":
        return this.#others(tenantId, command, since).some(({ serialNumber }) => serialNumber === refusal.serialNumber)
      case "OrderBinUnfit":
        return this.#unfit(this.#ops.find(tenantId, refusal.binId), refusal.reason, since)
      case "OrderCustomerUnfit":
      case "BinCustomerUnfit":
        return this.#unfit(this.#ops.find(tenantId, refusal.customerId), refusal.reason, since)
      case "OrderNotInState":
        return !refusal.allowed.includes(refusal.status) && own().some(({ status }) => status === refusal.status)
      case "CustomerIsErased":
        return own().some(({ status }) => status === "Erased")
      case "BinIsRetired":
        return own().some(({ status }) => status === "Retired")
      case "CustomerIdTaken":
      case "BinIdTaken":
      case "OrderIdTaken":
        return false
      default:
        return true
    }
  }

  #unfit(one: CheckedOps | undefined, reason: string, since: number): boolean {
    if (reason === "not_found") return one === undefined || (one.past[0]?.since ?? since) >= since
    const statuses: Readonly<Record<string, string>> = {
      retired: "Retired",
      in_maintenance: "Maintenance",
      erased: "Erased"
    }
    return wasSince(one, since).some(({ customerId, status }) =>
      reason === "of_another_customer" ? customerId !== null : status === statuses[reason]
    )
  }

  /** All that everything of the tenant's but what the command is about was from then (epoch ms) on. */
  #others(tenantId: string, command: Command, from: number): ReadonlyArray<Facts> {
    const own = streamIdOf(command)
    const others = [...this.#ops.streams.values()].filter((one) => one.tenantId === tenantId && one.streamId !== own)
    return others.flatMap((one) => wasSince(one, from))
  }
}
