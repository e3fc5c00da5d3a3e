/**
 * Looks at bulk jobs after every write: each step comes once and in its order, each item of it has one result, which says what the log says of its
 * call; what had moved on is left alone; and what was to be chosen and did not change is passed over by no job that completes.
 */
import {
  BulkJobEvent,
  type BulkJobId,
  type BulkJobStatus,
  type BulkWork,
  type CallChoice
} from "@dueline/contracts/bulkJob/BulkJob"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { TenantId } from "@dueline/contracts/Ids"
import type { JobItem } from "@dueline/contracts/ports/JobItems"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import { type CheckedStream, keyOf, Streams } from "../checks/Streams.ts"
import type { World } from "../world/World.ts"

interface CheckedJob extends CheckedStream {
  readonly work: BulkWork
  /** The calls that its filter chose when it began, with their versions then. */
  readonly chosen: ReadonlyMap<string, number>
  status: BulkJobStatus
  steps: number
  readonly counts: { done: number; failed: number; skipped: number }
}

/** What a job does to a call shows as one of these. */
const acts = new Set(["ServiceCallCancelled", "CancellationRequested", "ServiceCallRescheduled", "ServiceCallRerun"])
const stepLimit = 100

const choiceOf = (work: BulkWork): CallChoice | null => ("status" in work.filter ? work.filter : null)

export class JobCheck {
  readonly streams: Streams<"bulk-job", BulkJobEvent, CheckedJob>
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  /** By command: the version at which the call was changed by it. */
  readonly #acted = new Map<string, number>()

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
    this.streams = new Streams(world, store, {
      kind: "bulk-job",
      decode: Schema.decodeUnknownSync(BulkJobEvent),
      silent: ["BulkStepRecorded", "BulkJobAbortRequested"],
      begin: (of, first): CheckedJob => {
        if (first._tag !== "BulkJobStarted") throw new Error(`a job begins with ${first._tag}`)
        const { plan, work } = first
        const counts = { done: 0, failed: 0, skipped: 0 }
        return { ...of, work, chosen: this.#choose(of.tenantId, work, plan.at), status: "Running", steps: 0, counts }
      },
      apply: (one, event) => this.#apply(one, event),
      shown: ({ counts: { done, failed, skipped }, status, steps, version }, row) => [
        [version, status, steps, done, failed, skipped],
        [row?.version, row?.status, row?.steps, row?.done, row?.failed, row?.skipped]
      ]
    })
  }

  /** A call has an event more. */
  happened(callId: string, { metadata: { commandId }, type, version }: RecordedEvent): void {
    if (!commandId.startsWith("bulk-job:") || !acts.has(type)) return
    if (this.#acted.has(commandId)) this.#world.violate("a job does one thing to a call", `${callId} by ${commandId}`)
    this.#acted.set(commandId, version)
  }

  paused(tenantId: TenantId): ReadonlyArray<BulkJobId> {
    const jobs = this.streams.all().filter((one) => one.tenantId === tenantId && one.status === "Paused")
    return jobs.map(({ streamId }) => streamId as string as BulkJobId)
  }

  unfinished(): ReadonlyArray<string> {
    const open = this.streams.all().filter(({ status }) => status !== "Completed" && status !== "Aborted")
    return open.map(({ status, streamId }) => `job ${streamId} is ${status}`)
  }

  #choose(tenantId: TenantId, work: BulkWork, before: number): ReadonlyMap<string, number> {
    const filter = choiceOf(work)
    if (filter === null) return new Map()
    const list = this.#store.callQueries.list({ tenantId, filter, after: null, limit: 10_000 })
    const { rows } = Effect.runSync(Effect.orDie(list))
    return new Map(rows.filter(({ createdAt }) => createdAt < before).map(({ callId, version }) => [callId, version]))
  }

  #items({ streamId, tenantId }: CheckedJob): ReadonlyArray<JobItem> {
    const bulkJobId = streamId as string as BulkJobId
    const list = this.#store.jobItemQueries.list({ tenantId, bulkJobId, outcome: null, after: null, limit: 100_000 })
    return Effect.runSync(Effect.orDie(list)).items
  }

  #apply(one: CheckedJob, event: BulkJobEvent): string | null {
    if (one.status === "Completed" || one.status === "Aborted") return `after it was ${one.status}`
    switch (event._tag) {
      case "BulkJobStarted":
        return one.version === 0 ? null : "twice"
      case "BulkStepRecorded":
        return this.#step(one, event)
      case "BulkJobPaused":
        one.status = "Paused"
        return null
      case "BulkJobResumed":
        one.status = "Running"
        return null
      case "BulkJobAbortRequested":
        one.status = "Aborting"
        return null
      case "BulkJobAborted":
        one.status = "Aborted"
        return null
      case "BulkJobCompleted":
        one.status = "Completed"
        return this.#passedOver(one)
    }
  }

  #step(one: CheckedJob, event: Extract<BulkJobEvent, { readonly _tag: "BulkStepRecorded" }>): string | null {
    if (event.step !== one.steps + 1) return `step ${event.step} follows ${one.steps}`
    one.steps = event.step
    const items = this.#items(one).filter(({ step }) => step === event.step)
    if (items.length > stepLimit) return `${items.length} items in one step`
    for (const outcome of ["done", "failed", "skipped"] as const) {
      const counted = items.filter((item) => item.outcome === outcome).length
      one.counts[outcome] += counted
      if (counted !== event[outcome]) return `${counted} of step ${event.step} are ${outcome}, not ${event[outcome]}`
    }
    for (const item of items) {
      const wrong = this.#result(one, item)
      if (wrong !== null) return `${item.id}: ${wrong}`
    }
    return null
  }

  #result({ streamId }: CheckedJob, { id, outcome, version }: JobItem): string | null {
    const changedAt = this.#acted.get(`bulk-job:${streamId}:${id}`)
    if (outcome === null) return "without a result"
    if ((outcome === "done") !== (changedAt !== undefined))
      return changedAt === undefined ? `is ${outcome} and unchanged` : `is ${outcome} and changed at ${changedAt}`
    return changedAt === undefined || changedAt === (version ?? 0) + 1
      ? null
      : `chosen at ${version}, changed at ${changedAt}`
  }

  /** Chosen when it began, and the same since. */
  #passedOver(one: CheckedJob): string | null {
    const items = new Set(this.#items(one).map(({ id }) => id))
    for (const [callId, version] of one.chosen) {
      if (items.has(callId)) continue
      const call = Effect.runSync(Effect.orDie(this.#store.callQueries.find(one.tenantId, callId as never)))
      if (call !== null && call.version === version) return `${keyOf(one.tenantId, callId)} was passed over`
    }
    return null
  }
}
