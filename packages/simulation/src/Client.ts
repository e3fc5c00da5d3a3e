/** Someone who uses the system: submits, looks, changes their mind, loses answers, asks again, and now and then gets a key wrong. */
import { CommandId, CorrelationId, EpochMillis, IdempotencyKey, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { Answer, Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { AnswerCheck, Asked } from "./AnswerCheck.ts"
import { drawSpec } from "./drawSpec.ts"
import type { Dice } from "./Dice.ts"
import type { World } from "./World.ts"

export type Reply =
  | { readonly _tag: "Accepted"; readonly answer: Answer }
  | { readonly _tag: "Refused"; readonly refusal: Refusal }
  /** Nothing came back: the request may have been carried out or not. */
  | { readonly _tag: "Silence" }

/** What a client reaches of the program, over a network that loses things. */
export interface Front {
  readonly ask: (asked: Asked, reply: (reply: Reply) => void) => void
  readonly read: (tenantId: TenantId, callId: ServiceCallId, reply: (version: number | null) => void) => void
  readonly seal: (tenantId: TenantId, callId: ServiceCallId, url: string) => string
}

type Wish = Omit<Asked, "askedAt" | "correlationId">
type Change = "CancelServiceCall" | "RescheduleServiceCall" | "RerunServiceCall"

const retryLimit = 12
const actor = { kind: "user", id: "client" } as const

export class Client {
  readonly #world: World
  readonly #front: Front
  readonly #check: AnswerCheck
  readonly #dice: Dice
  readonly #tenantId: TenantId
  readonly #name: string
  readonly #calls: Array<ServiceCallId> = []
  readonly #keyed: Array<Wish> = []
  readonly #seen = new Map<string, number>()
  #serial = 0
  /** Requests that have not come to an answer yet. */
  open = 0

  constructor(world: World, front: Front, check: AnswerCheck, tenantId: TenantId, name: string) {
    this.#world = world
    this.#front = front
    this.#check = check
    this.#dice = world.dice.fork(name)
    this.#tenantId = tenantId
    this.#name = name
  }

  start(actions: number, withinMs: number): void {
    for (let i = 0; i < actions; i++) {
      this.#world.time.after(this.#dice.between(0, withinMs), () => this.#act())
    }
  }

  #act(): void {
    const known = this.#calls.at(this.#dice.between(0, Math.max(0, this.#calls.length - 1)))
    const keyed = this.#keyed.at(this.#dice.between(0, Math.max(0, this.#keyed.length - 1)))
    const roll = this.#dice.next()
    if (known === undefined || roll < 0.45) return this.#submit()
    if (roll < 0.55) return this.#look(known)
    if (roll < 0.65 && keyed !== undefined) return this.#send(keyed)
    if (roll < 0.7 && keyed?.idempotency) {
      return this.#send({ ...keyed, idempotency: { ...keyed.idempotency, fingerprint: "another" } })
    }
    this.#change(known, this.#dice.pick<Change>(["CancelServiceCall", "RescheduleServiceCall", "RerunServiceCall", "RerunServiceCall"]))
  }

  #dueAt(): EpochMillis {
    const ahead = this.#dice.pick([0, 0, this.#dice.between(-500, 50), this.#dice.between(1, 5_000), this.#dice.between(1_000, 40_000)])
    return EpochMillis.make(this.#world.time.now + ahead)
  }

  #submit(): void {
    const key = this.#dice.chance(0.8) ? IdempotencyKey.make(`${this.#name}-${++this.#serial}`) : null
    const callId = ServiceCallId.make(this.#world.dice.fork(`${this.#tenantId}/${key ?? `${this.#name}+${++this.#serial}`}`).uuid())
    const fingerprint = key === null ? null : `submit ${key}`
    const { spec, url } = drawSpec(this.#dice, this.#tenantId)
    const correlationId = this.#correlation()
    const command: ServiceCallCommand = {
      _tag: "SubmitServiceCall",
      callId,
      at: EpochMillis.make(this.#world.time.now),
      spec,
      dueAt: this.#dueAt(),
      fingerprint,
      origin: { correlationId, traceparent: null },
      sealed: this.#dice.chance(0.7) ? this.#front.seal(this.#tenantId, callId, url) : null
    }
    this.#calls.push(callId)
    this.#wish(command, `submit:${callId}`, key, fingerprint, null)
  }

  #change(callId: ServiceCallId, tag: Change): void {
    const key = this.#dice.chance(0.5) ? IdempotencyKey.make(`${this.#name}-${++this.#serial}`) : null
    const at = EpochMillis.make(this.#world.time.now)
    const command: ServiceCallCommand = tag === "RescheduleServiceCall"
      ? { _tag: tag, callId, at, dueAt: this.#dueAt() }
      : { _tag: tag, callId, at }
    const expectedVersion = this.#dice.chance(0.3) ? this.#seen.get(callId) ?? null : null
    this.#wish(command, `${tag}:${callId}:${key ?? this.#correlation()}`, key, key === null ? null : `${tag} ${callId} ${key}`, expectedVersion)
  }

  #wish(
    command: ServiceCallCommand,
    commandId: string,
    key: IdempotencyKey | null,
    fingerprint: string | null,
    expectedVersion: number | null
  ): void {
    const idempotency = key === null || fingerprint === null ? null : { key, fingerprint }
    const wish: Wish = {
      tenantId: this.#tenantId,
      commandId: CommandId.make(commandId),
      actor,
      traceparent: null,
      idempotency,
      expectedVersion,
      command
    }
    if (idempotency !== null) this.#keyed.push(wish)
    this.#send(wish)
  }

  #send(wish: Wish, failures = 0): void {
    if (failures === 0) this.open += 1
    const command = { ...wish.command, at: EpochMillis.make(this.#world.time.now) }
    const asked: Asked = { ...wish, command, correlationId: this.#correlation(), askedAt: this.#check.asking() }
    this.#front.ask(asked, (reply) => this.#hear(wish, asked, reply, failures))
  }

  #hear(wish: Wish, asked: Asked, reply: Reply, failures: number): void {
    this.#world.note(this.#name, `${asked.command._tag} ${asked.command.callId.slice(0, 8)} ${this.#describe(reply)}`)
    if (reply._tag === "Accepted") {
      this.#check.accepted(asked, reply.answer)
      this.#seen.set(asked.command.callId, reply.answer.version)
    }
    if (reply._tag === "Refused") this.#check.refused(asked, reply.refusal)
    const passing = reply._tag === "Silence" ||
      (reply._tag === "Refused" && (reply.refusal._tag === "StoreUnavailable" || reply.refusal._tag === "Overloaded"))
    // Without a key a repeat would be another request.
    if (passing && wish.idempotency !== null && failures < retryLimit) {
      this.#world.time.after(this.#dice.between(100, 1_500) * (failures + 1), () => this.#send(wish, failures + 1))
    } else this.open -= 1
  }

  #describe(reply: Reply): string {
    if (reply._tag === "Accepted") return `${reply.answer.outcome._tag} at ${reply.answer.version}${reply.answer.replayed ? " again" : ""}`
    return reply._tag === "Refused" ? reply.refusal._tag : "Silence"
  }

  #look(callId: ServiceCallId): void {
    this.#front.read(this.#tenantId, callId, (version) => {
      if (version === null) return
      this.#check.read(this.#tenantId, callId, version)
      this.#seen.set(callId, version)
    })
  }

  #correlation(): CorrelationId {
    return CorrelationId.make(`c${Math.floor(this.#dice.next() * 36 ** 8).toString(36)}${(++this.#serial).toString(36)}`)
  }
}
