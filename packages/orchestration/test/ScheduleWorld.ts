/**
 * Schedules in a time that stands still until it is set: the memory store, real writers, processes that fire, and the consumer that makes up for
 * them. Any step of whoever fires can fail, be carried out without an answer, or be its last.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import { FiringCommits, type OfferFiring } from "@dueline/contracts/CommitCompanions"
import type { EpochMillis, ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { DueSchedules } from "@dueline/contracts/ports/DueWork"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault } from "@dueline/contracts/ports/Vaults"
import { occurrencesOf, upcoming } from "@dueline/contracts/schedule/occurrences"
import { ScheduleEvent, type ScheduleRow, type ScheduleTerms } from "@dueline/contracts/schedule/Schedule"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Cause, Effect, Exit, Option, Result, Schema } from "effect"
import { TestClock } from "effect/testing"
import { byOne } from "../src/dispatcher/whileLeading.ts"
import * as scheduleCalls from "../src/schedules/scheduleCalls.ts"
import { makeHandler } from "../src/schedules/scheduleCalls.ts"
import { leadership, makeFirer, type OccurrenceCallIdOf } from "../src/schedules/ScheduleFirer.ts"
import { Leases } from "@dueline/contracts/ports/Leases"
import { inSteps, makeFates, type Step } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./ScheduleSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

export const callIdOf: OccurrenceCallIdOf = (_tenant, _schedule, revision, at) =>
  `00000000-0000-8000-8${revision.toString(16).padStart(3, "0")}-${at.toString(16).padStart(12, "0")}` as ServiceCallId

export const intake = RequestIntake.of({
  admit: (_tenant, _call, { body, headers, method, url }) =>
    Result.succeed({
      spec: { request: { method, url, headers, bodyBytes: body?.length ?? 0, bodySnippet: body } },
      sealed: null
    })
})
export const vault = RequestVault.of({
  seal: () => "",
  open: () =>
    Effect.succeed({ url: "https://example.com/{{occurrence.date}}", headers: {}, body: "{{occurrence.local}}" })
})

const decodeEvent = Schema.decodeUnknownSync(ScheduleEvent)

export const zoneData = "2026c"

type Told = Parameters<Parameters<OfferFiring>[0]["settle"]>

/** The firing and its call in one commit, which is a step of whoever fires. */
const steppingOn =
  (offer: OfferFiring, step: Step): OfferFiring =>
  (one) =>
    void Effect.runFork(
      step(Effect.callback<Told>((resume) => offer({ ...one, settle: (...told) => resume(Effect.succeed(told)) })))
    ).addObserver((exit) => {
      if (Exit.isSuccess(exit)) return one.settle(...exit.value)
      const lost = Option.getOrNull(Cause.findErrorOption(exit.cause))
      one.settle(lost === null ? Exit.interrupt() : Exit.fail(lost), false)
    })

/** `start`: an instant in ISO 8601, at which the schedule is made. `inOne`: a firing and its call are one commit where they can be. */
export const world = Effect.fnUntraced(function* (start: string, changes: Partial<ScheduleTerms>, inOne = false) {
  const startedAt = Date.parse(start)
  yield* TestClock.setTime(startedAt)
  const store = MemoryStore.make()
  let offer: OfferFiring | null = null
  const by = (taken: OfferFiring) => {
    offer = taken
  }
  const writers = yield* Effect.provideService(writersOn(store), FiringCommits, { offer: () => offer, by })
  const { ask } = writers
  const { fates, step } = makeFates()
  const fired = scheduleCalls.make()
  const ports =
    (between: Step) =>
    <A, E, R>(made: Effect.Effect<A, E, R>) =>
      made.pipe(
        Effect.provideService(Orchestrator, inSteps(writers, between)),
        Effect.provideService(CallQueries, store.callQueries),
        Effect.provideService(DueSchedules, store.dueSchedules),
        Effect.provideService(OpsQueries, store.opsQueries),
        Effect.provideService(scheduleCalls.FiredCalls, fired),
        Effect.provideService(FiringCommits, {
          by,
          offer: () => (offer === null || !inOne ? null : steppingOn(offer, between))
        }),
        Effect.provideService(RequestIntake, intake),
        Effect.provideService(RequestVault, vault)
      )
  const firers = yield* Effect.forEach([1, 2], () => ports(step)(makeFirer({ callIdOf, zoneData })))
  const handler = yield* ports((what) => what)(makeHandler)
  /** One of several processes that fire by themselves, as they do in the program; needs the leases that they share. */
  const led = (holder: string) =>
    Effect.flatMap(Leases, (leases) =>
      Effect.flatMap(ports(step)(makeFirer({ callIdOf, zoneData })), ({ run }) =>
        byOne({ leases, holder }, leadership, run)
      )
    )

  const tell = (command: Command) => Effect.orDie(ask(Field.envelope(command) as Envelope<Command>))
  const rows = () => store.dump().rows
  const schedule = () => rows().find((row): row is ScheduleRow => row._tag === "ScheduleRow") as ScheduleRow
  const calls = () =>
    rows()
      .filter((row): row is ServiceCallRow => row._tag === "ServiceCallRow")
      .sort((a, b) => a.dueAt - b.dueAt)
  const events = () =>
    store.dump().events.flatMap(({ category, event }) => (category === "schedule" ? [decodeEvent(event.payload)] : []))

  const terms = Steps.terms(changes)
  const occurrences = Result.getOrThrow(occurrencesOf(terms.timing))
  const nextAt = upcoming(occurrences, terms, startedAt)?.at ?? null
  const at = startedAt as EpochMillis
  const progress = Steps.progress({ doneUntil: at, nextAt, zoneData })
  yield* tell({ ...Steps.create(changes), at, progress } as Command)

  let now = startedAt
  const set = (millis: number) =>
    Effect.suspend(() => {
      now = millis
      return TestClock.setTime(millis)
    })
  /** Firings of which somebody was told. */
  const told: Array<string> = []
  /** Messages of the outbox reach the consumer, each twice. */
  const deliver = Effect.gen(function* () {
    const entries = yield* store.outbox.claim({ now, limit: 1_000 })
    for (const entry of entries) {
      if (entry.topic !== "ops.schedule.fired") continue
      told.push(entry.eventId)
      yield* handler({ ...entry, attempt: 1 })
      yield* handler({ ...entry, attempt: 2 })
    }
    yield* store.outbox.settle(entries.map((entry) => ({ _tag: "Delivered" as const, entry })))
  })
  /** Both processes look at the same time; one that dies is replaced. Answers with how long nothing will be. */
  const look = Effect.gen(function* () {
    const looks = firers.map(({ tick }) =>
      Effect.catchCause(
        tick(() => true),
        () => Effect.succeed(1_000)
      )
    )
    const pauses = yield* Effect.all(looks, { concurrency: "unbounded" })
    yield* deliver
    return Math.max(1, Math.min(...pauses.map((pause) => pause ?? 1_000)))
  })
  /** Time passes, and whoever fires is at work. */
  const until = Effect.fnUntraced(function* (end: string | number) {
    const last = typeof end === "number" ? end : Date.parse(end)
    for (;;) {
      const pause = yield* look
      if (now >= last) return
      // A second without news is not looked at again and again.
      const { wakeAt } = schedule()
      const idle = wakeAt === null || wakeAt > now + 1_000 ? (wakeAt ?? last) - now : pause
      yield* set(Math.min(last, now + Math.max(1, idle)))
    }
  })
  /** The call ends well. */
  const finish = Effect.fnUntraced(function* ({ callId, revision }: ServiceCallRow) {
    const about = { callId, at: now as EpochMillis }
    yield* tell({ _tag: "DueTimeReached", ...about, revision, worker: "w" as WorkerId })
    yield* tell({ _tag: "RecordSuccess", ...about, epoch: 1, status: 200, durationMs: 1, response: null })
  })

  const review = Effect.forEach(firers, (firer) => firer.review(() => true), {
    concurrency: "unbounded",
    discard: true
  })

  return {
    calls,
    events,
    fates,
    finish,
    look,
    now: () => now,
    led,
    review,
    occurrences,
    schedule,
    set,
    startedAt,
    store,
    tell,
    told,
    until
  }
})

export type World = Effect.Success<ReturnType<typeof world>>

/** Times that became calls, and those that were left out, from the events: each with how often. */
export const accounts = (here: World): ReadonlyMap<number, number> => {
  const told = new Map<number, number>()
  const add = (at: number) => told.set(at, (told.get(at) ?? 0) + 1)
  for (const event of here.events()) {
    if (event._tag === "ScheduleFired" && event.firing.cause !== "asked") add(event.firing.occurrence.at)
    if (event._tag !== "OccurrencesSkipped" || event.skip.reason === "missing_hour") continue
    const { first, last } = event.skip
    for (let at: number | undefined = first; at !== undefined && at <= last; at = here.occurrences.next(at)?.at) add(at)
  }
  return told
}
