/** Looks at the store after every write: the log obeys the rules, and everything else in the store says what the log says. */
import { ServiceCallId, StreamId, type TenantId } from "@dueline/contracts/Ids"
import type { OpsCategory } from "@dueline/contracts/kinds"
import type { Outbox, Settlement } from "@dueline/contracts/ports/Outbox"
import type { Commit, Slice } from "@dueline/contracts/ports/Persistence"
import type { Spec } from "@dueline/contracts/serviceCall/Spec"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect } from "effect"
import { AttemptCheck, type Facts, ResultCheck, Sendings } from "./AttemptCheck.ts"
import { CourierCheck, isCouriers } from "./CourierCheck.ts"
import { DropbinCheck } from "../dropbin/DropbinCheck.ts"
import type { PayloadHost } from "../dropbin/PayloadHost.ts"
import { JobCheck } from "../jobs/JobCheck.ts"
import { ScheduleCheck } from "../schedules/ScheduleCheck.ts"
import { CallbackCheck } from "../callbacks/CallbackCheck.ts"
import { PendingCheck } from "../pending/PendingCheck.ts"
import { SubscriptionCheck } from "../subscriptions/SubscriptionCheck.ts"
import { WaitingCheck } from "../waiting/WaitingCheck.ts"
import { InHandCheck } from "../direct/InHandCheck.ts"
import { CallModel, type CallOf } from "./CallModel.ts"
import { OpsCheck } from "./OpsCheck.ts"
import { type CheckedStream, keyOf, sliceOf, type Streams } from "./Streams.ts"
import type { World } from "../world/World.ts"

/** Where a call's row, or its sealed request, says something else than its events do. */
const rowDifferences = (model: CallModel, row: ServiceCallRow | null): ReadonlyArray<string> => {
  if (row === null) return ["missing"]
  const { attempt, correlationId, dueAt, epoch, notBefore, revision, status, timeoutMs, version, wakeAt } = model
  const running = status === "Running"
  const live = running || status === "Scheduled"
  const expected = {
    version,
    status,
    dueAt,
    notBefore,
    wakeAt: live ? wakeAt : null,
    revision,
    attempt,
    epoch,
    cancelRequested: running && model.cancelRequested,
    timeoutMs,
    worker: running ? (model.started.get(epoch)?.worker ?? null) : null,
    correlationId
  }
  const wrong = Object.entries(expected)
    .filter(([field, value]) => row[field as keyof typeof expected] !== value)
    .map(([field, value]) => `${field} should be ${String(value)}`)
  // When they end or lapse is not in the log, whether they do is.
  if ((row.endedAt === null) !== live) wrong.push("endedAt")
  if ((row.leaseUntil === null) === running) wrong.push("leaseUntil")
  if (row.request.url !== model.spec?.request.url) wrong.push("request")
  return wrong
}

/** Kept while an attempt may follow, be it by hand, or an end is to be told; gone as soon as neither can be. */
const sealedDiffers = ({ status, untold }: CallModel, first: string | null, now: string | null): boolean =>
  now !== ((status === "Succeeded" || status === "Cancelled") && untold === 0 ? null : first)

const invariant = "an outbox row for each fact that is told"

/** Holds the outbox against the log: a row for each fact to be told of that nobody was told of yet, and no other. */
class OutboxCheck {
  readonly #world: World
  readonly #outbox: Outbox["Service"]
  readonly #settled = new Set<string>()
  readonly dead = new Set<string>()

  constructor(world: World, outbox: Outbox["Service"]) {
    this.#world = world
    this.#outbox = outbox
  }

  settled(settlements: ReadonlyArray<Settlement>): void {
    for (const { _tag, entry } of settlements) {
      if (_tag !== "Failed") this.#settled.add(entry.eventId)
      if (_tag === "Dead") this.dead.add(entry.eventId)
    }
  }

  compare(streams: ReadonlyMap<string, { readonly endings: ReadonlyArray<string> }>): void {
    const all = this.#outbox.claim({ now: Number.MAX_SAFE_INTEGER, limit: 100_000 })
    const waiting = new Set(Effect.runSync(Effect.orDie(all)).map(({ eventId }) => eventId))
    for (const [streamId, { endings }] of streams) {
      const lost = endings.filter((ending) => !waiting.delete(ending) && !this.#settled.has(ending))
      if (lost.length > 0)
        this.#world.violate(invariant, `${streamId} has facts of which nobody will be told: ${lost.join(" ")}`)
    }
    if (waiting.size > 0) this.#world.violate(invariant, `${[...waiting].join(" ")} ended nothing`)
  }
}

/** Once more over the whole store at the end of a world: what no single write shows. */
const finalCheck = (world: World, log: LogCheck, { dump }: MemoryStore["Service"]): void => {
  const { dead, events, receipts, rows } = dump()
  const streams = log.calls.size + log.ops.streams.size + log.couriers.streams + log.payloads.streams + log.lateStreams
  if (rows.length !== streams) {
    world.violate("the row equals the fold of the log", `${rows.length} rows for ${streams} streams`)
  }
  events.forEach(({ position }, i) => {
    if (position !== i + 1) world.violate("positions are contiguous", `${position} at place ${i + 1}`)
  })
  for (const { receipt, streamId, tenantId } of receipts) {
    const told = `${receipt.key} at ${receipt.version}`
    const version = log.versionOf(tenantId, streamId)
    if (receipt.version > version) {
      world.violate("a receipt tells of what is in the log", `${told} of ${version}`)
    }
  }
  for (const { entry, errors } of dead) {
    if (errors.length < 10)
      world.violate("a dead letter has its history", `${entry.eventId} after ${errors.length} failures`)
  }
}

interface CheckedCall {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly model: CallModel
  /** As it was first stored, or when another submission took its place. */
  sealed: string | null
}

type Late = Pick<Streams<OpsCategory, { readonly _tag: string }, CheckedStream>, "count" | "find" | "look">

export class LogCheck {
  readonly calls = new Map<string, CheckedCall>()
  readonly ops: OpsCheck
  readonly couriers: CourierCheck
  readonly inHand: InHandCheck
  readonly payloads: DropbinCheck
  readonly schedules: ScheduleCheck
  readonly waiting: WaitingCheck
  readonly subscriptions: SubscriptionCheck
  readonly jobs: JobCheck
  readonly pending: PendingCheck
  readonly callbacks: CallbackCheck
  readonly sendings: Sendings
  readonly results: ResultCheck
  readonly attempts: AttemptCheck
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  /** By stream: the events that the outside must be told of, in order. */
  readonly endings = new Map<string, { readonly endings: ReadonlyArray<string> }>()
  readonly #outbox: OutboxCheck
  /** By category: streams of the kinds that came in late. */
  readonly #late: ReadonlyMap<string, Late>

  constructor(world: World, store: MemoryStore["Service"], host: PayloadHost) {
    this.#world = world
    this.#store = store
    this.#outbox = new OutboxCheck(world, store.outbox)
    this.ops = new OpsCheck(world, store)
    this.couriers = new CourierCheck(world, store)
    this.inHand = new InHandCheck(world, this.couriers)
    this.payloads = new DropbinCheck(world, store, this.ops, host)
    const callOf: CallOf = (tenantId, callId) => this.find(tenantId, callId)?.model
    this.schedules = new ScheduleCheck(world, store, callOf)
    this.waiting = new WaitingCheck(world, store)
    this.subscriptions = new SubscriptionCheck(world, store, callOf)
    this.jobs = new JobCheck(world, store)
    this.pending = new PendingCheck(world)
    this.callbacks = new CallbackCheck(world, callOf)
    this.#late = new Map<string, Late>([
      ["schedule", this.schedules.streams],
      ["pause", this.waiting.pauses],
      ["subscription", this.subscriptions.streams],
      ["bulk-job", this.jobs.streams]
    ])
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
    if (call !== undefined) return call.model.version
    return this.ops.find(tenantId, streamId)?.past.length ?? this.#cameIn(tenantId, streamId)?.version ?? 0
  }

  endingsOf(tenantId: string, streamId: string): ReadonlyArray<string> {
    const call = this.find(tenantId, streamId)
    if (call !== undefined) return call.model.endings
    return this.ops.find(tenantId, streamId)?.endings ?? this.#cameIn(tenantId, streamId)?.endings ?? []
  }

  #cameIn(tenantId: string, streamId: string) {
    const came = this.couriers.find(tenantId, streamId) ?? this.payloads.find(tenantId, streamId)
    return (
      came ?? [...this.#late.values()].map((kind) => kind.find(tenantId, streamId)).find((one) => one !== undefined)
    )
  }

  committed(batch: ReadonlyArray<Commit>): void {
    for (const { category, streamId, tenantId } of batch)
      if (category === "service-call") this.#look(tenantId, streamId)
    for (const commit of batch) {
      if (commit.category !== "service-call") this.endings.set(commit.streamId, this.#lookOther(commit))
      this.subscriptions.published(commit)
    }
    this.inHand.look()
    this.ops.judge()
    this.couriers.judge()
    this.payloads.judge(false)
    this.#outbox.compare(this.endings)
  }

  #lookOther(commit: Commit) {
    if (this.payloads.wasSent(commit)) return this.payloads.look(commit)
    const late = this.#late.get(commit.category)
    if (late !== undefined) return late.look(commit)
    return isCouriers(commit.category) ? this.couriers.look(commit) : this.ops.look(commit)
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
    for (const one of this.ops.streams.values()) this.ops.look(one)
    this.ops.judge()
    this.payloads.judge(true)
    this.couriers.finish()
    this.inHand.look()
    this.attempts.finish()
    this.callbacks.finish()
    finalCheck(this.#world, this, this.#store)
  }

  #look(tenantId: TenantId, streamId: StreamId): void {
    const slice = sliceOf(this.#store, { tenantId, streamId })
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

  /** Streams of the kinds that came in late. */
  get lateStreams(): number {
    return [...this.#late.values()].reduce((sum, { count }) => sum + count, 0)
  }

  /** What it waits for, and for whom it is made. */
  #wait({ callId, model, tenantId }: CheckedCall, event: Slice["events"][number]): void {
    const { payload, version } = event
    const { _tag, spec } = payload as { readonly _tag: string; readonly spec?: Spec }
    if (spec !== undefined) this.waiting.submitted(callId, spec)
    if (version === 1 && spec !== undefined) {
      this.subscriptions.submitted(tenantId, callId, spec)
      this.callbacks.submitted(tenantId, callId, spec)
    }
    this.callbacks.happened(callId, model, event)
    this.pending.happened(tenantId, callId, model, event)
    if (_tag === "ExecutionStarted") this.waiting.started(tenantId, callId, model)
  }

  #replay(call: CheckedCall, { events, sealed, version }: Slice): void {
    const { callId, model } = call
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
      if (event.type === "ServiceCallReplaced") call.sealed = sealed
      this.#wait(call, event)
      this.jobs.happened(callId, event)
      this.results.judge(model, callId, facts)
      this.attempts.judge(model, callId, facts)
    }
  }
}
