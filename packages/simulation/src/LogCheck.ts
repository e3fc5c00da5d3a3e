/** Looks at the store after every write: the log obeys the rules, and everything else in the store says what the log says. */
import type { MemoryStore } from "@dueline/contracts/memory/MemoryStore"
import type { Settlement } from "@dueline/contracts/ports/Outbox"
import type { Commit, Slice } from "@dueline/contracts/ports/Persistence"
import { ServiceCallId, StreamId, type TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { CallModel } from "./CallModel.ts"
import { OutboxCheck } from "./OutboxCheck.ts"
import { rowDifferences, sealedDiffers } from "./rowDifferences.ts"
import { Sendings } from "./Sendings.ts"
import type { World } from "./World.ts"

export interface CheckedCall {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly model: CallModel
  /** As it was first stored. */
  readonly sealed: string | null
}

/** Of the events' payloads, what the checks below look at. */
interface Facts {
  readonly _tag: string
  readonly dueAt: number
  readonly epoch: number
  readonly reason: string
  readonly response: { readonly bodySnippet: string | null } | null
}

const keyOf = (tenantId: string, id: string): string => `${tenantId}/${id}`

export class LogCheck {
  readonly calls = new Map<string, CheckedCall>()
  readonly sendings: Sendings
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  readonly #byId = new Map<string, CallModel>()
  readonly #quietUntil = new Map<string, number>()
  readonly #outbox: OutboxCheck

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
    this.#outbox = new OutboxCheck(world, store.outbox)
    this.sendings = new Sendings(world)
  }

  find(tenantId: string, callId: string): CheckedCall | undefined {
    return this.calls.get(keyOf(tenantId, callId))
  }

  committed(batch: ReadonlyArray<Commit>): void {
    for (const { streamId, tenantId } of batch) this.#look(tenantId, streamId)
    this.#outbox.compare(this.#byId)
  }

  settled(settlements: ReadonlyArray<Settlement>): void {
    this.#outbox.settled(settlements)
  }

  /** Whether this end of a call was given up and is kept as a dead letter. */
  isDead(eventId: string): boolean {
    return this.#outbox.dead.has(eventId)
  }

  /** Once more over everything, and over what no single write shows. */
  finish(): void {
    const { dead, events, receipts, rows } = this.#store.dump()
    for (const { callId, tenantId } of this.calls.values()) this.#look(tenantId, StreamId.make(callId))
    if (rows.length !== this.calls.size) {
      this.#world.violate("the row equals the fold of the log", `${rows.length} rows for ${this.calls.size} calls`)
    }
    events.forEach(({ position }, i) => {
      if (position !== i + 1) this.#world.violate("positions are contiguous", `${position} at place ${i + 1}`)
    })
    for (const { receipt, streamId, tenantId } of receipts) {
      const told = `${receipt.key} at ${receipt.version}`
      const version = this.find(tenantId, streamId)?.model.version ?? 0
      if (receipt.version > version) {
        this.#world.violate("a receipt tells of what is in the log", `${told} of ${version}`)
      }
    }
    for (const { entry, errors } of dead) {
      if (errors.length < 10)
        this.#world.violate("a dead letter has its history", `${entry.eventId} after ${errors.length} failures`)
    }
  }

  #look(tenantId: TenantId, streamId: StreamId): void {
    const [slice] = Effect.runSync(
      Effect.orDie(this.#store.persistence.load([{ tenantId, streamId, receiptKey: null, wantEvents: true }]))
    )
    const callId = ServiceCallId.make(streamId)
    const row = Effect.runSync(Effect.orDie(this.#store.callQueries.find(tenantId, callId)))
    if (slice === undefined) return
    const known = this.find(tenantId, callId)
    const call = known ?? { tenantId, callId, model: new CallModel(), sealed: slice.sealed }
    if (known === undefined) {
      this.calls.set(keyOf(tenantId, callId), call)
      this.#byId.set(callId, call.model)
    }
    this.#replay(call, slice)
    const wrong = rowDifferences(call.model, row)
    if (wrong.length > 0) this.#world.violate("the row equals the fold of the log", `${callId}: ${wrong.join(", ")}`)
    if (sealedDiffers(call.model, call.sealed, slice.sealed)) {
      this.#world.violate("the sealed request is kept while needed and no longer", `${callId} ${call.model.status}`)
    }
  }

  #replay({ callId, model }: CheckedCall, { events, version }: Slice): void {
    if (events.length !== version || version < model.version) {
      this.#world.violate("versions are contiguous", `${callId} has ${events.length} events at version ${version}`)
    }
    for (const event of events.slice(model.version)) {
      const wrong = model.apply(event)
      const facts = event.payload as Partial<Facts>
      this.#world.note("log", `${callId.slice(0, 8)} ${event.version} ${event.type} ${facts.reason ?? ""}`.trimEnd())
      if (wrong !== null) this.#world.violate("the log obeys the rules", `${callId} ${wrong}`)
      this.#judge(callId, facts)
    }
  }

  #judge(callId: ServiceCallId, { _tag, dueAt = 0, epoch = 0, reason, response }: Partial<Facts>): void {
    const model = this.#byId.get(callId)
    const seen = /seen (\d+)/u.exec(response?.bodySnippet ?? "")?.[1]
    if (seen !== undefined && seen !== String(epoch)) {
      this.#world.violate(
        "a result belongs to its epoch",
        `${callId} took the answer to epoch ${seen} as that to ${epoch}`
      )
    }
    // Nobody can honour what never reached the log.
    if (_tag === "ExecutionFailed" && reason !== "http_status") this.#quietUntil.delete(`${callId}/${epoch}`)
    const quietUntil = this.#quietUntil.get(`${callId}/${model?.epoch}`) ?? 0
    if (_tag === "RetryScheduled" && dueAt < quietUntil) {
      this.#world.violate("Retry-After is honoured", `${callId} is tried again ${quietUntil - dueAt} ms early`)
    }
    if (_tag === "ExecutionHandedBack") this.sendings.handedBack(callId, epoch)
    const holder = model?.started.get(epoch)?.worker ?? ""
    if (_tag === "ExecutionFailed" && reason === "worker_lost" && this.#world.neverFailed(holder)) {
      this.#world.violate("a worker that is well keeps its calls", `${callId} epoch ${epoch} was taken from ${holder}`)
    }
  }

  /** A target answered this epoch and asked to be left alone until then (epoch ms). */
  asksToWait(callId: string, epoch: number, until: number): void {
    this.#quietUntil.set(`${callId}/${epoch}`, until)
  }
}
