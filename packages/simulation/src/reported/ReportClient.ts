/** A product that reports what its users do, again until it is answered; others report the same events at the same time. */
import { CorrelationId, EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import type { Dice } from "../world/Dice.ts"
import type { World } from "../world/World.ts"
import type { Receipt, ReportCheck } from "./ReportCheck.ts"
import type { Report } from "./receiving.ts"

export type ReportReply =
  | { readonly _tag: "Answered"; readonly receipt: Receipt; readonly stored: ReadonlySet<string> }
  | { readonly _tag: "Refused"; readonly tag: string }
  | { readonly _tag: "Silence" }

interface ReportAround {
  readonly world: World
  readonly check: ReportCheck
  readonly report: (report: Report, reply: (reply: ReportReply) => void) => void
}

/** So many event ids there are of a tenant: few, so that they meet. */
const eventIds = 24
const retryLimit = 12

export class ReportClient {
  readonly #around: ReportAround
  readonly #tenantId: TenantId
  readonly #name: string
  readonly #dice: Dice
  #serial = 0
  /** Reports that have not come to an answer yet. */
  open = 0

  constructor(around: ReportAround, tenantId: TenantId, name: string) {
    this.#around = around
    this.#tenantId = tenantId
    this.#name = name
    this.#dice = around.world.dice.fork(name)
  }

  start(reports: number, withinMs: number): void {
    for (let i = 0; i < reports; i++)
      this.#around.world.time.after(this.#dice.between(0, withinMs), () => this.#send(this.#draw(), 0))
  }

  #draw(): Report {
    const dice = this.#dice
    const correlationId = CorrelationId.make(`${this.#name.replace("-", "")}x${++this.#serial}`)
    const events = Array.from({ length: dice.between(1, 4) }, () => {
      const number = dice.between(1, eventIds)
      // The same event id is the same event, whoever reports it.
      return {
        eventId: dice.chance(0.8) ? `event-${number}` : null,
        type: "track" as const,
        name: `thing ${number}`,
        userId: `user-${number % 3}`,
        anonymousId: null,
        occurredAt: EpochMillis.make(1_800_000_000_000 + number),
        document: JSON.stringify({ properties: { number } })
      }
    })
    return { tenantId: this.#tenantId, workspace: "shop", correlationId, events }
  }

  #send(report: Report, failures: number): void {
    if (failures === 0) this.open += 1
    this.#around.report(report, (reply) => this.#hear(report, reply, failures))
  }

  #hear(report: Report, reply: ReportReply, failures: number): void {
    const { check, world } = this.#around
    if (reply._tag === "Answered") {
      const { receipt, stored } = reply
      world.note(this.#name, `reports ${stored.size} stored ${receipt.events.length - stored.size} known`)
      check.answered(receipt, stored)
      this.open -= 1
      return
    }
    world.note(this.#name, `reports ${reply._tag === "Refused" ? reply.tag : "Silence"}`)
    if (failures >= retryLimit) this.open -= 1
    else world.time.after(this.#dice.between(50, 1_500) * (failures + 1), () => this.#send(report, failures + 1))
  }
}
