/** What a job finds to do, page by page, and what it does to one item. */
import type { BulkJobRow, BulkMark, BulkWork, CallChoice, LetterChoice } from "@dueline/contracts/bulkJob/BulkJob"
import type { EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { DeadLetterId, DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import type { EventBus } from "@dueline/contracts/ports/EventBus"
import type { Chosen, JobItem } from "@dueline/contracts/ports/JobItems"
import { isTransient } from "@dueline/contracts/ports/Orchestrator"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Clock, Effect } from "effect"
import {
  backfillOne,
  type BackfillPorts,
  messagesFrom,
  redeliverOne,
  type RedeliverPorts,
  timesFrom
} from "./pastItems.ts"
import { commandFor, type Doing, done, failed, Hindered, hindered, orLater, skipped } from "./results.ts"

export interface Ports extends BackfillPorts, RedeliverPorts {
  readonly letters: DeadLetterQueries["Service"]
  readonly taking: DeadLetters["Service"]
  readonly bus: EventBus["Service"]
}

export interface Found {
  readonly items: ReadonlyArray<Chosen>
  /** Where the next page begins; null at the end. */
  readonly next: BulkMark | null
}

const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff"

/** Walked newest first, so what was made since the plan lies before where the walk begins. */
const markOf = ({ after, plan }: BulkJobRow): BulkMark => after ?? { at: plan.at, id: lastId }

type Looked = Effect.Effect<Found, StoreUnavailable>

const callsOf = ({ calls }: Ports, row: BulkJobRow, filter: CallChoice, limit: number): Looked => {
  const { at, id } = markOf(row)
  const after = { createdAt: at, callId: id as ServiceCallId }
  return Effect.map(calls.list({ tenantId: row.tenantId, filter, after, limit }), ({ next, rows }) => ({
    items: rows.map(({ callId, createdAt, version }) => ({ id: callId, at: createdAt, version })),
    next: next === null ? null : { at: next.createdAt as EpochMillis, id: next.callId }
  }))
}

const lettersOf = (
  { letters }: Ports,
  row: BulkJobRow,
  { id: one, ...filter }: LetterChoice,
  limit: number
): Looked => {
  const { tenantId } = row
  if (one !== null) {
    return Effect.map(letters.find(tenantId, one), (letter) => ({
      items: letter === null ? [] : [{ id: letter.id, at: letter.diedAt, version: null }],
      next: null
    }))
  }
  const { at, id } = markOf(row)
  const waiting = { ...filter, state: "Waiting" } as const
  return Effect.map(
    letters.list({ tenantId, filter: waiting, after: { diedAt: at, id }, limit }),
    ({ letters, next }) => ({
      items: letters.map(({ diedAt, id }) => ({ id, at: diedAt, version: null })),
      next: next === null ? null : { at: next.diedAt as EpochMillis, id: next.id }
    })
  )
}

/** The next items of a job. A page may hold none and still have a next one. */
export const look = (ports: Ports, row: BulkJobRow, limit: number): Looked => {
  const { work } = row
  switch (work._tag) {
    case "ReplayDeadLetters":
      return lettersOf(ports, row, work.filter, limit)
    case "BackfillSchedule":
      return Effect.sync(() => timesFrom(row, work.filter, limit, ports.callIdOf))
    case "RedeliverMessages":
      return messagesFrom(ports, row, work.filter, limit)
    default:
      return callsOf(ports, row, work.filter, limit)
  }
}

/** Claimed items are kept newest first; in which order they are walked and dealt with. */
export const inOrder = ({ _tag }: BulkWork, claimed: ReadonlyArray<JobItem>): ReadonlyArray<JobItem> =>
  _tag === "BackfillSchedule" || _tag === "RedeliverMessages" ? claimed.toReversed() : claimed

type CallWork = Extract<BulkWork, { readonly _tag: "CancelCalls" | "MoveCalls" | "RunCalls" }>

/** Null: there is no such call any more. */
const commandOf = Effect.fnUntraced(function* (
  { calls }: Ports,
  { tenantId }: BulkJobRow,
  work: CallWork,
  callId: ServiceCallId,
  at: EpochMillis
): Effect.fn.Return<ServiceCallCommand | null, StoreUnavailable> {
  switch (work._tag) {
    case "CancelCalls":
      return { _tag: "CancelServiceCall", callId, at }
    case "RunCalls":
      return { _tag: "RerunServiceCall", callId, at }
    case "MoveCalls": {
      if (work.to !== null)
        return { _tag: "RescheduleServiceCall", callId, at, dueAt: Math.max(work.to, at) as EpochMillis }
      const call = yield* calls.find(tenantId, callId)
      const dueAt = (call === null ? null : Math.max(call.dueAt + (work.byMs ?? 0), at)) as EpochMillis | null
      return dueAt === null ? null : { _tag: "RescheduleServiceCall", callId, at, dueAt }
    }
  }
})

/** One that has moved on since it was chosen is left alone. */
const movedOn: ReadonlySet<string> = new Set([
  "VersionMismatch",
  "ServiceCallNotFound",
  "IllegalTransition",
  "ServiceCallAlreadyDispatched"
])

const change = (ports: Ports, row: BulkJobRow, work: CallWork, { id, version }: JobItem): Doing =>
  Effect.gen(function* () {
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const command = yield* commandOf(ports, row, work, id as ServiceCallId, at)
    if (command === null) return skipped(id, "ServiceCallNotFound")
    const envelope = { ...commandFor(row, id, command), expectedVersion: version }
    return yield* Effect.matchEffect(ports.orchestrator.ask(envelope), {
      onSuccess: () => Effect.succeed(done(id)),
      onFailure: (refusal): Doing => {
        if (isTransient(refusal)) return Effect.fail(hindered(refusal))
        return Effect.succeed((movedOn.has(refusal._tag) ? skipped : failed)(id, refusal._tag))
      }
    })
  }).pipe(orLater)

/** Taken for this job, given to the bus, settled: in this order, so that a letter is never lost, and the bus recognises what comes again. */
const replay = ({ bus, taking }: Ports, { bulkJobId, plan, tenantId }: BulkJobRow, { id }: JobItem): Doing =>
  Effect.gen(function* () {
    const by = { tenantId, id: id as DeadLetterId, job: bulkJobId }
    const taken = yield* taking.take({ ...by, before: plan.at })
    if (taken === null) return skipped(id, "not waiting any more")
    if (taken.state === "Replayed") return done(id)
    if (taken.state === "Waiting") return failed(id, "given up again")
    const message = { ...taken.message, redelivery: { group: taken.group, replay: taken.replay } }
    const published = yield* Effect.result(bus.publish(message))
    if (published._tag === "Success") {
      yield* taking.settle({ ...by, error: null })
      return done(id)
    }
    const { cause, scope } = published.failure
    const reason = cause instanceof Error ? cause.message : String(cause)
    if (scope === "bus") return yield* Effect.fail(new Hindered(reason))
    yield* taking.settle({ ...by, error: reason })
    return failed(id, reason)
  }).pipe(orLater)

export const carryOut = (ports: Ports, row: BulkJobRow, item: JobItem): Doing => {
  const { work } = row
  switch (work._tag) {
    case "ReplayDeadLetters":
      return replay(ports, row, item)
    case "BackfillSchedule":
      return backfillOne(ports, row, work.filter, item)
    case "RedeliverMessages":
      return redeliverOne(ports, row, work.filter, item)
    default:
      return change(ports, row, work, item)
  }
}
