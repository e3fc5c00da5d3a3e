/** A courier whose events reach the writer as the edge would ask: under one id for each event, again until it is answered, and some again after that. */
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { CommandId, CorrelationId, EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { type EventFacts, type IngestionCommand, IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import type { Asked } from "../checks/AnswerCheck.ts"
import { Courier } from "./Courier.ts"
import type { CourierCheck } from "../checks/CourierCheck.ts"
import type { Dice } from "../world/Dice.ts"
import type { Around, Reply } from "./Requests.ts"

const repeatShare = 0.3
const retryLimit = 12

interface CourierAround extends Around {
  readonly check: CourierCheck
}

export class CourierClient {
  readonly #around: CourierAround
  readonly #dice: Dice
  readonly #tenantId: TenantId
  readonly #name: string
  readonly #sourceId: CourierSourceId
  readonly #courier: Courier
  readonly #sent: Array<EventFacts> = []
  #serial = 0
  /** Events that have not come to an answer yet. */
  open = 0

  constructor(around: CourierAround, tenantId: TenantId, name: string) {
    const { time } = around.world
    this.#around = around
    this.#dice = around.world.dice.fork(name)
    this.#tenantId = tenantId
    this.#name = name
    this.#sourceId = CourierSourceId.make(around.world.dice.fork(`${name}/source`).uuid())
    this.#courier = new Courier(this.#dice.fork("courier"), { name, orders: [], at: time.now })
  }

  start(events: number, withinMs: number): void {
    for (let i = 0; i < events; i++) {
      this.#around.world.time.after(this.#dice.between(0, withinMs), () => this.#report())
    }
  }

  #report(): void {
    const [first, ...others] = this.#sent
    const again = first !== undefined && this.#dice.chance(repeatShare)
    const event = again ? this.#dice.pick([first, ...others]) : this.#courier.next()
    if (!again) this.#sent.push(event)
    this.open += 1
    this.#send(event, 0)
  }

  #send(event: EventFacts, failures: number): void {
    const { answers, front, world } = this.#around
    const correlationId = CorrelationId.make(`e${(++this.#serial).toString(36)}${this.#name.replaceAll(/\D/gu, "")}`)
    const ingestionId = IngestionId.make(world.dice.fork(`${this.#sourceId}/${event.eventId}`).uuid())
    const command: IngestionCommand = {
      _tag: "ReceiveIngestion",
      ingestionId,
      at: EpochMillis.make(world.time.now),
      courierSourceId: this.#sourceId,
      event,
      delivery: null,
      bodyBytes: 100,
      digest: event.eventId,
      origin: { correlationId, traceparent: null },
      sealed: `sealed ${ingestionId}`
    }
    this.#around.check.sent(this.#tenantId, ingestionId, command)
    const asked: Asked = {
      tenantId: this.#tenantId,
      commandId: CommandId.make(`receive-ingestion:${ingestionId}`),
      correlationId,
      actor: { kind: "system", id: this.#name },
      traceparent: null,
      idempotency: null,
      expectedVersion: null,
      command,
      askedAt: answers.asking(),
      askedTime: world.time.now
    }
    front.ask(asked, (reply) => this.#hear(event, asked, reply, failures))
  }

  #hear(event: EventFacts, asked: Asked, reply: Reply, failures: number): void {
    const { answers, check, world } = this.#around
    world.note(this.#name, `${event.eventId} ${reply._tag === "Refused" ? reply.refusal._tag : reply._tag}`)
    if (reply._tag === "Accepted") {
      answers.accepted(asked, reply.answer)
      check.accepted(asked)
    }
    const passing =
      reply._tag === "Silence" ||
      (reply._tag === "Refused" && (reply.refusal._tag === "StoreUnavailable" || reply.refusal._tag === "Overloaded"))
    if (reply._tag === "Refused" && !passing)
      world.violate("an event is taken in whenever it comes", `${event.eventId}: ${reply.refusal._tag}`)
    if (passing && failures < retryLimit) {
      world.time.after(this.#dice.between(100, 1_500) * (failures + 1), () => this.#send(event, failures + 1))
    } else this.open -= 1
  }
}
