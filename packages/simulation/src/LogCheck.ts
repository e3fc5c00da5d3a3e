/** Looks at the store after every write: the log obeys the rules, and everything else in the store says what the log says. */
import type { MemoryStore } from "@dueline/contracts/memory/MemoryStore"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { Settlement } from "@dueline/contracts/ports/Outbox"
import type { Commit, ReadModelRow, Slice } from "@dueline/contracts/ports/Persistence"
import { ServiceCallId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { CallModel } from "./CallModel.ts"
import type { World } from "./World.ts"

export interface CheckedCall {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly model: CallModel
  /** As it was first stored. */
  readonly sealed: string | null
  /** `<epoch>` in the snippet of the answer each result was made of. */
  readonly answeredEpochs: Map<number, string>
}

const keyOf = (tenantId: string, id: string): string => `${tenantId}/${id}`

export class LogCheck {
  readonly calls = new Map<string, CheckedCall>()
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  readonly #settled = new Set<string>()
  readonly dead = new Set<string>()

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
  }

  find(tenantId: string, callId: string): CheckedCall | undefined {
    return this.calls.get(keyOf(tenantId, callId))
  }

  committed(batch: ReadonlyArray<Commit>): void {
    for (const { streamId, tenantId } of batch) this.#look(tenantId, streamId)
    this.#outbox()
  }

  settled(settlements: ReadonlyArray<Settlement>): void {
    for (const { _tag, entry } of settlements) {
      if (_tag !== "Failed") this.#settled.add(entry.eventId)
      if (_tag === "Dead") this.dead.add(entry.eventId)
    }
  }

  #look(tenantId: TenantId, streamId: StreamId): void {
    const [slice] = Effect.runSync(Effect.orDie(
      this.#store.persistence.load([{ tenantId, streamId, receiptKey: null, wantEvents: true }])
    ))
    const callId = ServiceCallId.make(streamId)
    const row = Effect.runSync(Effect.orDie(this.#store.callQueries.find(tenantId, callId)))
    if (slice === undefined) return
    const known = this.find(tenantId, callId)
    const call = known ?? { tenantId, callId, model: new CallModel(), sealed: slice.sealed, answeredEpochs: new Map() }
    if (known === undefined) this.calls.set(keyOf(tenantId, callId), call)
    this.#replay(call, slice)
    this.#compare(call, slice, row)
  }

  #replay({ answeredEpochs, callId, model }: CheckedCall, { events, version }: Slice): void {
    if (events.length !== version || version < model.version) {
      this.#world.violate("versions are contiguous", `${callId} has ${events.length} events at version ${version}`)
    }
    for (const event of events.slice(model.version)) {
      const wrong = model.apply(event)
      this.#world.note("log", `${callId.slice(0, 8)} ${event.version} ${event.type}`)
      if (wrong !== null) this.#world.violate("the log obeys the rules", `${callId} ${wrong}`)
      const { epoch, response } = event.payload as { epoch?: number; response?: { bodySnippet: string | null } | null }
      const seen = /seen (\d+)/u.exec(response?.bodySnippet ?? "")?.[1]
      if (epoch === undefined || seen === undefined) continue
      answeredEpochs.set(epoch, seen)
      if (seen !== String(epoch)) {
        this.#world.violate("a result belongs to its epoch", `${callId} took the answer to epoch ${seen} as that to ${epoch}`)
      }
    }
  }

  #compare({ callId, model, sealed }: CheckedCall, slice: Slice, row: ReadModelRow | null): void {
    const running = model.status === "Running"
    const live = running || model.status === "Scheduled"
    const expected: Partial<ReadModelRow> = {
      version: model.version,
      revision: model.revision,
      attempt: model.attempt,
      epoch: model.epoch,
      cancelRequested: running && model.cancelRequested,
      timeoutMs: model.timeoutMs,
      correlationId: model.correlationId
    }
    const wrong = row === null ? ["missing"] : Object.entries(expected)
      .filter(([field, value]) => row[field as keyof ReadModelRow] !== value)
      .map(([field, value]) => `${field} should be ${String(value)}`)
    if (row !== null) {
      if (row.status !== model.status) wrong.push(`status ${row.status} should be ${model.status}`)
      if (row.dueAt !== model.dueAt || row.wakeAt !== (live ? model.dueAt : null)) wrong.push("dueAt or wakeAt")
      if ((row.endedAt === null) !== live) wrong.push("endedAt")
      if (row.worker !== (running ? model.started.get(model.epoch)?.worker : null)) wrong.push("worker")
      if ((row.leaseUntil === null) === running) wrong.push("leaseUntil")
    }
    if (wrong.length > 0) this.#world.violate("the row equals the fold of the log", `${callId}: ${wrong.join(", ")}`)
    const keeps = model.status !== "Succeeded" && model.status !== "Cancelled"
    if (slice.sealed !== (keeps ? sealed : null)) {
      this.#world.violate("the sealed request is kept while needed and no longer", `${callId} ${model.status}`)
    }
  }

  /** A row for each end of a call that was not delivered yet, and no other. */
  #outbox(): void {
    const claimed = Effect.runSync(Effect.orDie(this.#store.outbox.claim({ now: Number.MAX_SAFE_INTEGER, limit: 100_000 })))
    const waiting = new Set(claimed.map(({ eventId }) => eventId))
    for (const { callId, model } of this.calls.values()) {
      for (const ending of model.endings) {
        if (!waiting.delete(ending) && !this.#settled.has(ending)) {
          this.#world.violate("an outbox row for each end of a call", `${callId} ended as ${ending} and nobody will be told`)
        }
      }
    }
    if (waiting.size > 0) this.#world.violate("an outbox row for each end of a call", `${[...waiting].join(" ")} ended nothing`)
  }
}
