/** How somebody asks: under names and keys of their own, again while no answer comes, and with what the last answer said. */
import {
  CommandId,
  CorrelationId,
  EpochMillis,
  IdempotencyKey,
  type ServiceCallId,
  type TenantId
} from "@dueline/contracts/Ids"
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import type { AnyAnswer, AnyRefusal } from "@dueline/contracts/ports/Orchestrator"
import type { WholeRequest } from "@dueline/contracts/ports/Vaults"
import type { AnswerCheck, Asked } from "../checks/AnswerCheck.ts"
import type { Dice } from "../world/Dice.ts"
import type { World } from "../world/World.ts"

export type Reply =
  | { readonly _tag: "Accepted"; readonly answer: AnyAnswer }
  | { readonly _tag: "Refused"; readonly refusal: AnyRefusal }
  /** Nothing came back: the request may have been carried out or not. */
  | { readonly _tag: "Silence" }

/** What a client reaches of the program, over a network that loses things. */
export interface Front {
  readonly ask: (asked: Asked, reply: (reply: Reply) => void) => void
  readonly read: (tenantId: TenantId, callId: ServiceCallId, reply: (version: number | null) => void) => void
  readonly seal: (tenantId: TenantId, callId: ServiceCallId, url: string, onEnd?: WholeRequest["onEnd"]) => string
}

type Wish = Omit<Asked, "askedAt" | "askedTime" | "correlationId">

const retryLimit = 12
const actor = { kind: "user", id: "client" } as const

/** What all who ask have around them. */
export interface Around {
  readonly world: World
  readonly front: Front
  readonly answers: AnswerCheck
}

interface Asker extends Around {
  readonly tenantId: TenantId
  readonly name: string
  readonly dice: Dice
}

export class Requests {
  readonly #asker: Asker
  /** What was asked under a key and can be asked again. */
  readonly keyed: Array<Wish> = []
  /** By stream: the latest version that an answer told of. */
  readonly seen = new Map<string, number>()
  #serial = 0
  /** Requests that have not come to an answer yet. */
  open = 0

  constructor(asker: Asker) {
    this.#asker = asker
  }

  next(): number {
    return ++this.#serial
  }

  newKey(chance: number): IdempotencyKey | null {
    const { dice, name } = this.#asker
    return dice.chance(chance) ? IdempotencyKey.make(`${name}-${this.next()}`) : null
  }

  correlation(): CorrelationId {
    const { dice } = this.#asker
    return CorrelationId.make(`c${Math.floor(dice.next() * 36 ** 8).toString(36)}${this.next().toString(36)}`)
  }

  /** With a key the command is one request for ever; `fingerprint` is what it is compared by. */
  make(command: Command, key: IdempotencyKey | null, fingerprint: string | null, mayMatch = false): void {
    const { dice, tenantId } = this.#asker
    const streamId = streamIdOf(command)
    const idempotency = key === null || fingerprint === null ? null : { key, fingerprint }
    const commandId = CommandId.make(`${command._tag}:${streamId}:${key ?? this.correlation()}`)
    const expectedVersion = mayMatch && dice.chance(0.3) ? (this.seen.get(streamId) ?? null) : null
    const wish: Wish = { tenantId, commandId, actor, traceparent: null, idempotency, expectedVersion, command }
    if (idempotency !== null) this.keyed.push(wish)
    this.send(wish)
  }

  send(wish: Wish, failures = 0): void {
    if (failures === 0) this.open += 1
    const { answers, front, world } = this.#asker
    const command = { ...wish.command, at: EpochMillis.make(world.time.now) }
    const asked: Asked = {
      ...wish,
      command,
      correlationId: this.correlation(),
      askedAt: answers.asking(),
      askedTime: world.time.now
    }
    front.ask(asked, (reply) => this.#hear(wish, asked, reply, failures))
  }

  #hear(wish: Wish, sent: Asked, reply: Reply, failures: number): void {
    const { answers, dice, name, world } = this.#asker
    const asked = reply._tag === "Accepted" ? answeredBy(sent, reply.answer) : sent
    const streamId = streamIdOf(asked.command)
    world.note(name, `${asked.command._tag} ${streamId.slice(0, 8)} ${describe(reply)}`)
    if (reply._tag === "Accepted") {
      answers.accepted(asked, reply.answer)
      this.seen.set(streamId, reply.answer.version)
    }
    if (reply._tag === "Refused") answers.refused(asked, reply.refusal)
    const passing =
      reply._tag === "Silence" ||
      (reply._tag === "Refused" && (reply.refusal._tag === "StoreUnavailable" || reply.refusal._tag === "Overloaded"))
    // Without a key a repeat would be another request.
    if (passing && wish.idempotency !== null && failures < retryLimit) {
      world.time.after(dice.between(100, 1_500) * (failures + 1), () => this.send(wish, failures + 1))
    } else this.open -= 1
  }
}

/** Which call has a pending key stands in the answer. */
const answeredBy = (asked: Asked, { outcome }: AnyAnswer): Asked => {
  const { command } = asked
  const isPending =
    command._tag === "SubmitServiceCall" && command.pending !== undefined && outcome._tag === "Submitted"
  return isPending && "callId" in outcome ? { ...asked, command: { ...command, callId: outcome.callId } } : asked
}

const describe = (reply: Reply): string => {
  if (reply._tag === "Accepted")
    return `${reply.answer.outcome._tag} at ${reply.answer.version}${reply.answer.replayed ? " again" : ""}`
  return reply._tag === "Refused" ? reply.refusal._tag : "Silence"
}

/** Someone in the world who asks for things, with a name and dice of their own, on behalf of a tenant. */
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
