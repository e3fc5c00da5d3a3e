/** What clients were answered, held against the store and against what they were answered before. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { type ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { MemoryStore } from "@dueline/contracts/memory/MemoryStore"
import type { Answer, Refusal } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Effect } from "effect"
import type { LogCheck } from "./LogCheck.ts"
import type { Witness } from "./Witness.ts"
import type { World } from "./World.ts"

/** A request and the serial number of the moment at which it left the client. */
export interface Asked extends Envelope<ServiceCallCommand> {
  readonly askedAt: number
}

interface Accepted {
  readonly fingerprint: string
  readonly answer: string
  /** Serial number of the moment at which the client had it. */
  readonly heardAt: number
}

export class AnswerCheck {
  readonly #world: World
  readonly #log: LogCheck
  readonly #witness: Witness
  readonly #store: MemoryStore["Service"]
  /** By tenant and key: the request that was accepted first and its answer. */
  readonly #accepted = new Map<string, Accepted>()
  #serial = 0
  readonly #versions = new Map<string, number>()
  /** By call: serial number of the moment at which a client knew that it was accepted. */
  readonly #submitted = new Map<string, number>()

  constructor(world: World, store: MemoryStore["Service"], log: LogCheck, witness: Witness) {
    this.#world = world
    this.#store = store
    this.#log = log
    this.#witness = witness
  }

  accepted(asked: Asked, answer: Answer): void {
    const { command, expectedVersion, tenantId } = asked
    const { callId } = command
    const model = this.#log.find(tenantId, callId)?.model
    if (model === undefined || model.version < answer.version) {
      return this.#world.violate(
        "what was answered is durable",
        `${callId} is at ${model?.version ?? 0}, answered ${answer.version}`
      )
    }
    if (command._tag === "SubmitServiceCall") this.#knows(`${tenantId}/${callId}`)
    if (answer.outcome._tag === "Cancelled") this.#witness.silenced(callId)
    const key = `${tenantId}/${callId}`
    this.#versions.set(key, Math.max(this.#versions.get(key) ?? 0, answer.version))
    if (expectedVersion !== null && !answer.replayed) this.#matched(asked, answer, expectedVersion)
    this.#sameAnswer(asked, answer)
  }

  /** The first event that the command caused follows the version that the asker had seen; without one, nothing had changed. */
  #matched({ command, correlationId, tenantId }: Asked, answer: Answer, expected: number): void {
    const events = Effect.runSync(
      Effect.orDie(this.#store.callQueries.history({ tenantId, callId: command.callId, after: 0, limit: 10_000 }))
    )
    const first = events.find(({ metadata }) => metadata.correlationId === correlationId)
    if (first === undefined ? answer.version !== expected : first.version !== expected + 1) {
      this.#world.violate(
        "If-Match is honoured",
        `${command._tag} of ${command.callId} at ${first?.version ?? answer.version}, seen ${expected}`
      )
    }
  }

  #sameAnswer({ idempotency, tenantId }: Asked, { outcome, version }: Answer): void {
    if (idempotency === null) return
    const key = `${tenantId}/${idempotency.key}`
    const answer = JSON.stringify([version, outcome])
    const first = this.#accepted.get(key)
    if (first === undefined) {
      this.#accepted.set(key, { fingerprint: idempotency.fingerprint, answer, heardAt: ++this.#serial })
      return
    }
    if (first.fingerprint !== idempotency.fingerprint) {
      this.#world.violate("another request under a used key is refused", `${idempotency.key} was accepted twice`)
    } else if (first.answer !== answer) {
      this.#world.violate("the same key has the same answer", `${idempotency.key}: ${first.answer}, then ${answer}`)
    }
  }

  #knows(call: string): void {
    if (!this.#submitted.has(call)) this.#submitted.set(call, ++this.#serial)
  }

  /** What a client knows from now on it will have known when it asks next. */
  asking(): number {
    return ++this.#serial
  }

  refused({ askedAt, command, expectedVersion, idempotency, tenantId }: Asked, refusal: Refusal): void {
    const { callId } = command
    const since = this.#submitted.get(`${tenantId}/${callId}`)
    if (refusal._tag === "ServiceCallNotFound" && since !== undefined && since < askedAt) {
      this.#world.violate("nothing accepted is lost", `${callId} was accepted and is not found`)
    }
    if (refusal._tag === "VersionMismatch" && refusal.actual === expectedVersion) {
      this.#world.violate("If-Match is honoured", `${callId} refused at the version that was seen`)
    }
    const first = idempotency === null ? undefined : this.#accepted.get(`${tenantId}/${idempotency.key}`)
    const weather = refusal._tag === "StoreUnavailable" || refusal._tag === "Overloaded"
    if (first === undefined || idempotency === null || weather || askedAt < first.heardAt) return
    const same = first.fingerprint === idempotency.fingerprint
    if (same)
      this.#world.violate("the same key has the same answer", `${idempotency.key} was accepted, then ${refusal._tag}`)
    else if (refusal._tag !== "IdempotencyKeyReused") {
      this.#world.violate("another request under a used key is refused", `${idempotency.key}: ${refusal._tag}`)
    }
  }

  /** A reader sees at least what it was answered before. */
  read(tenantId: TenantId, callId: ServiceCallId, version: number): void {
    const known = this.#versions.get(`${tenantId}/${callId}`) ?? 0
    if (version < known)
      this.#world.violate("a reader sees what it was told", `${callId} at ${version}, was told ${known}`)
  }
}
