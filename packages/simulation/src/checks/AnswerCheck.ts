/** What clients were answered, held against the store and against what they were answered before. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { type Command, streamIdOf } from "@dueline/contracts/kinds"
import type { AnyAnswer, AnyRefusal } from "@dueline/contracts/ports/Orchestrator"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect } from "effect"
import type { World } from "../world/World.ts"
import type { LogCheck } from "./LogCheck.ts"
import { type CheckedOps, type Facts, isActive, isOrder, type OpsCheck, type OrderFacts, wasSince } from "./OpsCheck.ts"
import type { Witness } from "./Witness.ts"

/** A request, the serial number of the moment at which it left the client, and that moment in epoch milliseconds. */
export interface Asked extends Envelope<Command> {
  readonly askedAt: number
  readonly askedTime: number
}

interface Accepted {
  readonly fingerprint: string
  readonly answer: string
  /** Serial number of the moment at which the client had it. */
  readonly heardAt: number
}

/** What begins something: once it is accepted, that is there. */
const opening: ReadonlyArray<string> = [
  "SubmitServiceCall",
  "RegisterCustomer",
  "CreateBin",
  "CreateOrder",
  "CreateSchedule",
  "CreatePause",
  "CreateSubscription",
  "StartBulkJob"
]

export class AnswerCheck {
  readonly #world: World
  readonly #log: LogCheck
  readonly #ops: OpsAnswers
  readonly #witness: Witness
  readonly #store: MemoryStore["Service"]
  /** By tenant and key: the request that was accepted first and its answer. */
  readonly #accepted = new Map<string, Accepted>()
  #serial = 0
  readonly #versions = new Map<string, number>()
  /** By stream: serial number of the moment at which a client knew that it was accepted. */
  readonly #opened = new Map<string, number>()

  constructor(world: World, store: MemoryStore["Service"], log: LogCheck, witness: Witness) {
    this.#world = world
    this.#store = store
    this.#log = log
    this.#witness = witness
    this.#ops = new OpsAnswers(world, log.ops)
  }

  accepted(asked: Asked, answer: AnyAnswer): void {
    const { command, expectedVersion, tenantId } = asked
    const streamId = streamIdOf(command)
    const version = this.#log.versionOf(tenantId, streamId)
    if (version < answer.version) {
      return this.#world.violate(
        "what was answered is durable",
        `${streamId} is at ${version}, answered ${answer.version}`
      )
    }
    if (opening.includes(command._tag)) this.#knows(`${tenantId}/${streamId}`)
    if (answer.outcome._tag === "Cancelled") this.#witness.silenced(streamId)
    this.#ops.accepted(asked, answer)
    this.#log.pending.answered(asked, answer)
    const key = `${tenantId}/${streamId}`
    this.#versions.set(key, Math.max(this.#versions.get(key) ?? 0, answer.version))
    if (expectedVersion !== null && !answer.replayed) this.#matched(asked, answer, expectedVersion)
    this.#sameAnswer(asked, answer)
  }

  /** The first event that the command caused follows the version that the asker had seen; without one, nothing had changed. */
  #matched({ command, correlationId, tenantId }: Asked, answer: AnyAnswer, expected: number): void {
    const streamId = streamIdOf(command)
    const request = { tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm: null }
    const [slice] = Effect.runSync(Effect.orDie(this.#store.persistence.load([request])))
    const events = slice?.events ?? []
    const first = events.find(({ metadata }) => metadata.correlationId === correlationId)
    const before = events.filter(({ version }) => version > expected && version < (first?.version ?? Infinity))
    // An attempt that was called back for the asker.
    const other = before.filter(({ payload }) => (payload as { readonly cause?: string }).cause !== "recalled")
    if (first === undefined ? answer.version !== expected : other.length > 0) {
      this.#world.violate(
        "If-Match is honoured",
        `${command._tag} of ${streamId} at ${first?.version ?? answer.version}, seen ${expected}`
      )
    }
  }

  #sameAnswer({ idempotency, tenantId }: Asked, { outcome, version }: AnyAnswer): void {
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

  #knows(stream: string): void {
    if (!this.#opened.has(stream)) this.#opened.set(stream, ++this.#serial)
  }

  /** What a client knows from now on it will have known when it asks next. */
  asking(): number {
    return ++this.#serial
  }

  refused(asked: Asked, refusal: AnyRefusal): void {
    const { askedAt, command, expectedVersion, idempotency, tenantId } = asked
    const streamId = streamIdOf(command)
    const since = this.#opened.get(`${tenantId}/${streamId}`)
    this.#ops.refused(asked, refusal)
    if (refusal._tag.endsWith("NotFound") && since !== undefined && since < askedAt) {
      this.#world.violate("nothing accepted is lost", `${streamId} was accepted and is not found`)
    }
    if (refusal._tag === "VersionMismatch" && refusal.actual === expectedVersion) {
      this.#world.violate("If-Match is honoured", `${streamId} refused at the version that was seen`)
    }
    const first = idempotency === null ? undefined : this.#accepted.get(`${tenantId}/${idempotency.key}`)
    const unavailable = refusal._tag === "StoreUnavailable" || refusal._tag === "Overloaded"
    if (first === undefined || idempotency === null || unavailable || askedAt < first.heardAt) return
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

/** What was answered about customers, bins and orders: an acceptance says what the log says, and a refusal has a reason in it. */
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
