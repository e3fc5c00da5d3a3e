/** Looks at the store after every write: the log obeys the rules, and everything else in the store says what the log says. */
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { Settlement } from "@dueline/contracts/ports/Outbox"
import type { Commit, Slice } from "@dueline/contracts/ports/Persistence"
import { ServiceCallId, StreamId, type TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { AttemptCheck } from "./AttemptCheck.ts"
import { CallModel } from "./CallModel.ts"
import { FieldCheck } from "./FieldCheck.ts"
import { finalCheck } from "./finalCheck.ts"
import { OutboxCheck } from "./OutboxCheck.ts"
import { type Facts, ResultCheck } from "./ResultCheck.ts"
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

const keyOf = (tenantId: string, id: string): string => `${tenantId}/${id}`

export class LogCheck {
  readonly calls = new Map<string, CheckedCall>()
  readonly fields: FieldCheck
  readonly sendings: Sendings
  readonly results: ResultCheck
  readonly attempts: AttemptCheck
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  /** By stream: the events that the outside must be told of, in order. */
  readonly endings = new Map<string, { readonly endings: ReadonlyArray<string> }>()
  readonly #outbox: OutboxCheck

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
    this.#outbox = new OutboxCheck(world, store.outbox)
    this.fields = new FieldCheck(world, store)
    this.sendings = new Sendings(world)
    this.attempts = new AttemptCheck(world)
    this.results = new ResultCheck(world, this.sendings)
  }

  find(tenantId: string, callId: string): CheckedCall | undefined {
    return this.calls.get(keyOf(tenantId, callId))
  }

  /** 0 when there is none. */
  versionOf(tenantId: string, streamId: string): number {
    const call = this.find(tenantId, streamId)
    return call?.model.version ?? this.fields.find(tenantId, streamId)?.past.length ?? 0
  }

  endingsOf(tenantId: string, streamId: string): ReadonlyArray<string> {
    const call = this.find(tenantId, streamId)
    return call?.model.endings ?? this.fields.find(tenantId, streamId)?.endings ?? []
  }

  committed(batch: ReadonlyArray<Commit>): void {
    for (const commit of batch) {
      const { category, streamId, tenantId } = commit
      if (category === "service-call") this.#look(tenantId, streamId)
      else this.endings.set(streamId, this.fields.look(commit))
    }
    this.fields.judge()
    this.#outbox.compare(this.endings)
  }

  settled(settlements: ReadonlyArray<Settlement>): void {
    this.#outbox.settled(settlements)
  }

  /** Whether this end of a call was given up and is kept as a dead letter. */
  isDead(eventId: string): boolean {
    return this.#outbox.dead.has(eventId)
  }

  /** Once more over everything. */
  finish(): void {
    for (const { callId, tenantId } of this.calls.values()) this.#look(tenantId, StreamId.make(callId))
    for (const one of this.fields.streams.values()) this.fields.look(one)
    this.fields.judge()
    this.attempts.finish()
    finalCheck(this.#world, this, this.#store)
  }

  #look(tenantId: TenantId, streamId: StreamId): void {
    const [slice] = Effect.runSync(
      Effect.orDie(
        this.#store.persistence.load([{ tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm: null }])
      )
    )
    const callId = ServiceCallId.make(streamId)
    const row = Effect.runSync(Effect.orDie(this.#store.callQueries.find(tenantId, callId)))
    if (slice === undefined) return
    const known = this.find(tenantId, callId)
    const call = known ?? { tenantId, callId, model: new CallModel(() => this.#world.clockSpan), sealed: slice.sealed }
    if (known === undefined) {
      this.calls.set(keyOf(tenantId, callId), call)
      this.endings.set(callId, call.model)
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
      this.#world.note(
        "log",
        `${callId.slice(0, 8)} ${event.version} ${event.type} ${facts.cause ?? facts.reason ?? ""}`.trimEnd()
      )
      if (wrong !== null) this.#world.violate("the log obeys the rules", `${callId} ${wrong}`)
      this.results.judge(model, callId, facts)
      this.attempts.judge(model, callId, facts)
    }
  }
}
