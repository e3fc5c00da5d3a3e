/**
 * Fires schedules whose time has come: one process at a time reads which rows are due, plans from each what is to be done, and asks the writer for
 * it. The writer decides on the version that was looked at, so that of two who fire, or of one that died and its successor, one is heard. A firing of
 * one time takes its call along into the same commit, where that can be. Kept in memory are which calls are missing, and for a second the rows whose
 * time comes within it, with their requests: read anew for each that comes, they would be read as many times as there are of them.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { FiringCommits } from "@dueline/contracts/CommitCompanions"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { type DueSchedule, DueSchedules, type WakeMark } from "@dueline/contracts/ports/DueWork"
import { type Answer, isTransient, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { occurrencesOf } from "@dueline/contracts/schedule/occurrences"
import type {
  ScheduleCommand,
  ScheduleId,
  ScheduleOutcome,
  ScheduleRejection
} from "@dueline/contracts/schedule/Schedule"
import { Recent } from "@dueline/contracts/Recent"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Cause, Clock, Effect, Option, Result, Schedule } from "effect"
import { FiredCalls, makeCarryOut, makeSubmissionOf, type ScheduleRequest } from "./scheduleCalls.ts"
import { type FiringPlan, planFirings } from "./planFirings.ts"

export type OccurrenceCallIdOf = (
  tenantId: TenantId,
  scheduleId: ScheduleId,
  revision: number,
  at: number
) => ServiceCallId

export interface FirerOptions {
  readonly callIdOf: OccurrenceCallIdOf
  /** Version of the runtime's zone data. */
  readonly zoneData: string
  /** Ends when a schedule may have to be looked at within the next second. Default: after a second. */
  readonly atHand?: Effect.Effect<void>
}

/** Rows read at once, and fired at the same time. */
const pageSize = 512
const concurrency = 64
/** What is sealed and longer is not read ahead (bytes); tenants whose requests are read at the same time. */
const longestAhead = 16_384
const readsAtOnce = 4
/** A schedule that was made meanwhile is found this late at the most; also the pause after trouble (milliseconds). */
const lookEveryMs = 1_000
/** Rows held against new zone data at once, and the pause after them (milliseconds): some 400 a second, whatever else there is. */
const reviewSize = 128
const reviewPauseMs = 250
/** A call that was fired and is looked for in vain for this long will not be made: after an outage somebody makes up for it first. */
const neverMadeMs = 60_000

/** Of the process that fires. */
export const leadership = { name: "schedules", ttlMs: 5_000, extendMs: 1_500, retryMs: 1_000 }

type Request = ScheduleRequest | undefined

interface Ahead {
  readonly rows: ReadonlyArray<DueSchedule>
  readonly requests: ReadonlyMap<ScheduleId, ScheduleRequest>
  readonly until: number
}

const nothingAhead: Ahead = { rows: [], requests: new Map(), until: 0 }

export const makeFirer = Effect.fnUntraced(function* ({
  atHand = Effect.sleep(lookEveryMs),
  callIdOf,
  zoneData
}: FirerOptions) {
  const orchestrator = yield* Orchestrator
  const calls = yield* CallQueries
  const schedules = yield* DueSchedules
  const queries = yield* OpsQueries
  const fired = yield* FiredCalls
  const commits = Option.getOrNull(yield* Effect.serviceOption(FiringCommits))
  const submissionOf = yield* makeSubmissionOf
  const carryOut = yield* makeCarryOut

  /** When a call was looked for in vain for the first time, as far as this process knows. */
  const missing = new Recent<ServiceCallId, number>(10_000)

  /** Whether the latest call has not ended; asked for only where it matters. */
  const isBusy = Effect.fnUntraced(function* ({ last, overlap, tenantId }: DueSchedule, now: number) {
    if (overlap === "allow" || last === null) return false
    const call = yield* calls.find(tenantId, last.callId)
    if (call !== null) return call.endedAt === null
    const since = missing.get(last.callId) ?? now
    missing.set(last.callId, since)
    return now - since < neverMadeMs
  })

  /** What submits the call that goes into the commit of its firing: of one time, whose request was read with this very version of the schedule. */
  const joinedBy = ({ firings: [firing, ...others] }: FiringPlan, { version }: DueSchedule, request: Request) =>
    firing === undefined || others.length > 0 || firing.cancels !== null || request?.row.version !== version
      ? Effect.succeed(null)
      : Effect.orElseSucceed(submissionOf(request, firing), () => null)

  const fire = Effect.fnUntraced(function* (schedule: DueSchedule, request: Request) {
    const { doneUntil, revision, scheduleId, tenantId, timing, version } = schedule
    const occurrences = occurrencesOf(timing)
    if (Result.isFailure(occurrences)) {
      return yield* Effect.logError("a schedule's expression cannot be read", {
        tenantId,
        scheduleId,
        ...occurrences.failure
      })
    }
    const now = yield* Clock.currentTimeMillis
    const plan = planFirings(schedule, occurrences.success, {
      now,
      zoneData,
      isBusy: yield* isBusy(schedule, now),
      callIdOf: (at) => callIdOf(tenantId, scheduleId, revision, at)
    })
    const { firings, progress, skips } = plan
    const isAsItWas = progress.nextAt === schedule.nextAt && progress.looks <= schedule.looks
    if (firings.length === 0 && skips.length === 0 && isAsItWas) return
    const command: Extract<ScheduleCommand, { readonly _tag: "AdvanceSchedule" }> = {
      _tag: "AdvanceSchedule",
      ...{ scheduleId, at: now as EpochMillis, revision, doneUntil },
      ...plan
    }
    const envelope = systemEnvelope("schedules", schedule, `schedules:${scheduleId}:${version}`, command, {
      expectedVersion: version
    })
    const offer = commits?.offer() ?? null
    const submission = offer === null ? null : yield* joinedBy(plan, schedule, request)
    let isSubmitted = false
    const { outcome } = yield* offer === null || submission === null
      ? orchestrator.ask(envelope)
      : Effect.callback<Answer<ScheduleOutcome>, Refusal<ScheduleRejection>>((resume) =>
          offer({
            firing: envelope,
            submission,
            settle: (exit, is) => {
              isSubmitted = is
              resume(exit)
            }
          })
        )
    // Somebody else came first, and has made them, or will.
    if (isSubmitted || outcome.schedule.last?.callId !== plan.firings.at(-1)?.callId) return
    yield* Effect.forEach(
      plan.firings,
      (firing) => Effect.ignore(fired.making(firing.callId, carryOut(tenantId, scheduleId, firing))),
      { concurrency, discard: true }
    )
  })

  /** False when it has to be tried again a little later. What is refused for good was decided by another meanwhile. */
  const tryToFire = (schedule: DueSchedule, request?: Request) =>
    fire(schedule, request).pipe(
      Effect.as(true),
      Effect.catch((refusal) => Effect.succeed(!isTransient(refusal))),
      Effect.catchCause((cause) =>
        Cause.hasInterrupts(cause)
          ? Effect.interrupt
          : Effect.as(
              Effect.logError(
                "a schedule could not be fired",
                { tenantId: schedule.tenantId, scheduleId: schedule.scheduleId },
                cause
              ),
              true
            )
      )
    )

  /** The requests of these schedules: a statement for each tenant, and none where no call can be made of them anyway. */
  const requestsOf = Effect.fnUntraced(function* (rows: ReadonlyArray<DueSchedule>) {
    const found = new Map<ScheduleId, ScheduleRequest>()
    if (commits === null) return found
    const read = ([tenantId, ofTenant]: readonly [TenantId, ReadonlyArray<DueSchedule>]) =>
      queries
        .scheduleRequests({ tenantId, ids: ofTenant.map(({ scheduleId }) => scheduleId), longest: longestAhead })
        .pipe(
          Effect.map((requests) => requests.forEach((request) => found.set(request.row.scheduleId, request))),
          // What was not read ahead is read when it has been fired.
          Effect.ignore
        )
    const byTenant = [...Map.groupBy(rows, ({ tenantId }) => tenantId)]
    yield* Effect.forEach(byTenant, read, { concurrency: readsAtOnce, discard: true })
    return found
  })

  /** Rows whose time had not come when they were read, their requests, and until when they are all that there are. */
  let ahead: Ahead = nothingAhead

  /** The rows that were read ahead, while some wait and are all that there are; else a page from the store. */
  const pageAt = Effect.fnUntraced(function* (now: number, after: WakeMark | null) {
    const known = ahead
    ahead = nothingAhead
    if (known.rows.length > 0 && now < known.until) return { ...known, isFresh: false }
    const until = now + lookEveryMs
    const rows = yield* schedules.due({ before: until, after, limit: pageSize })
    return { rows, requests: yield* requestsOf(rows), until, isFresh: true }
  })

  /** Fires all that is due and answers in how many milliseconds the next will be, null when it is not known of any. `mayAct` is asked before each page. */
  const tick = Effect.fnUntraced(function* (mayAct: () => boolean) {
    let after: WakeMark | null = null
    while (mayAct()) {
      const now: number = yield* Clock.currentTimeMillis
      const page: Ahead & { readonly isFresh: boolean } = yield* pageAt(now, after)
      const ripe = page.rows.filter(({ wakeAt }) => wakeAt <= now)
      const tryOne = (schedule: DueSchedule) => tryToFire(schedule, page.requests.get(schedule.scheduleId))
      const fired = yield* Effect.forEach(ripe, tryOne, { concurrency })
      if (fired.includes(false)) return lookEveryMs
      const next = page.rows[ripe.length]
      if (next !== undefined) {
        ahead = { ...page, rows: page.rows.slice(ripe.length) }
        return Math.max(1, next.wakeAt - (yield* Clock.currentTimeMillis))
      }
      const last = ripe.at(-1)
      if (last === undefined || (page.isFresh && page.rows.length < pageSize)) return null
      // Behind rows that were read ahead it is not known what comes: what was fired may come again.
      after = page.isFresh ? { wakeAt: last.wakeAt, scheduleId: last.scheduleId } : null
    }
    return null
  })

  /** Those whose next time follows from older zone data are looked at once, a page at a time: what has moved is told, and comes when it should. */
  const review = Effect.fnUntraced(function* (mayAct: () => boolean) {
    let after: DueSchedule | null = null
    while (mayAct()) {
      const page: ReadonlyArray<DueSchedule> = yield* schedules.ofOlderZoneData({ zoneData, after, limit: reviewSize })
      yield* Effect.forEach(page, (schedule) => tryToFire(schedule), { concurrency: 1, discard: true })
      after = page.at(-1) ?? null
      if (page.length < reviewSize) return
      yield* Effect.sleep(reviewPauseMs)
    }
  })

  const reviewing = (mayAct: () => boolean) =>
    review(mayAct).pipe(
      Effect.retry(Schedule.spaced(lookEveryMs)),
      orLogged("error", "schedules could not be held against new zone data")
    )

  const firing = (mayAct: () => boolean): Effect.Effect<never> =>
    tick(mayAct).pipe(
      orLogged("warning", "schedules could not be looked at"),
      Effect.flatMap((pauseMs = lookEveryMs) => (pauseMs === null ? atHand : Effect.sleep(pauseMs))),
      Effect.forever
    )

  /** Never ends by itself. */
  const run = (mayAct: () => boolean): Effect.Effect<never> =>
    Effect.suspend(() => {
      // Another had the lease meanwhile.
      ahead = nothingAhead
      return Effect.scoped(Effect.andThen(Effect.forkScoped(reviewing(mayAct)), firing(mayAct)))
    })

  return { review, run, tick }
})
