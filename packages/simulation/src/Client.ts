/** Someone who uses the system: submits, looks, changes their mind, loses answers, asks again, and now and then gets a key wrong. */
import {
  CommandId,
  CorrelationId,
  EpochMillis,
  IdempotencyKey,
  ServiceCallId,
  type TenantId
} from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { AnswerCheck, Asked } from "./AnswerCheck.ts"
import { drawChange, drawSubmission } from "./drawCommand.ts"
import type { Dice } from "./Dice.ts"
import type { Front, Reply } from "./Front.ts"
import type { World } from "./World.ts"

type Wish = Omit<Asked, "askedAt" | "correlationId">

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
    this.#change(known)
  }

  #submit(): void {
    const key = this.#newKey(0.8)
    const derived = `${this.#tenantId}/${key ?? `${this.#name}+${++this.#serial}`}`
    const callId = ServiceCallId.make(this.#world.dice.fork(derived).uuid())
    const correlationId = this.#correlation()
    const fingerprint = key === null ? null : `submit ${key}`
    const seal = (url: string) => this.#front.seal(this.#tenantId, callId, url)
    const about = { tenantId: this.#tenantId, callId, correlationId, fingerprint, seal }
    this.#calls.push(callId)
    this.#wish(drawSubmission(this.#dice, this.#world.time.now, about), `submit:${callId}`, key, fingerprint, null)
  }

  #change(callId: ServiceCallId): void {
    const key = this.#newKey(0.5)
    const command = drawChange(this.#dice, this.#world.time.now, callId)
    const fingerprint = key === null ? null : `${command._tag} ${callId} ${key}`
    const expectedVersion = this.#dice.chance(0.3) ? (this.#seen.get(callId) ?? null) : null
    const commandId = `${command._tag}:${callId}:${key ?? this.#correlation()}`
    this.#wish(command, commandId, key, fingerprint, expectedVersion)
  }

  #newKey(chance: number): IdempotencyKey | null {
    return this.#dice.chance(chance) ? IdempotencyKey.make(`${this.#name}-${++this.#serial}`) : null
  }

  #wish(
    command: ServiceCallCommand,
    id: string,
    key: IdempotencyKey | null,
    fingerprint: string | null,
    expectedVersion: number | null
  ): void {
    const idempotency = key === null || fingerprint === null ? null : { key, fingerprint }
    const commandId = CommandId.make(id)
    const tenantId = this.#tenantId
    const wish: Wish = { tenantId, commandId, actor, traceparent: null, idempotency, expectedVersion, command }
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
    const passing =
      reply._tag === "Silence" ||
      (reply._tag === "Refused" && (reply.refusal._tag === "StoreUnavailable" || reply.refusal._tag === "Overloaded"))
    // Without a key a repeat would be another request.
    if (passing && wish.idempotency !== null && failures < retryLimit) {
      this.#world.time.after(this.#dice.between(100, 1_500) * (failures + 1), () => this.#send(wish, failures + 1))
    } else this.open -= 1
  }

  #describe(reply: Reply): string {
    if (reply._tag === "Accepted")
      return `${reply.answer.outcome._tag} at ${reply.answer.version}${reply.answer.replayed ? " again" : ""}`
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
    return CorrelationId.make(
      `c${Math.floor(this.#dice.next() * 36 ** 8).toString(36)}${(++this.#serial).toString(36)}`
    )
  }
}
