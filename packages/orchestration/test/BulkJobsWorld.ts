/** Failed calls and dead letters, a job on them, and a worker whose every step may fail: with nothing done, or with everything done and the answer lost. */
import { BulkJobId, type BulkJobRow, type BulkWork } from "@dueline/contracts/bulkJob/BulkJob"
import type { BulkJobCommand } from "@dueline/contracts/bulkJob/BulkJob"
import type { Command } from "@dueline/contracts/kinds"
import { CommandId, CorrelationId } from "@dueline/contracts/Ids"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { DeadLetterQueries, DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { Deliveries } from "@dueline/contracts/ports/Deliveries"
import { type BusMessage, BusUnavailable, EventBus } from "@dueline/contracts/ports/EventBus"
import { JobItems } from "@dueline/contracts/ports/JobItems"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault } from "@dueline/contracts/ports/Vaults"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Scope } from "effect"
import { makeBulkJobs } from "../src/bulkJobs/BulkJobs.ts"
import { makeFates } from "./fated.ts"
import { callIdOf, intake, vault } from "./ScheduleWorld.ts"
import * as Steps from "./ScheduleSteps.ts"
import * as Call from "./ServiceCallSample.ts"
import { subscriptionId } from "./SubscriptionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

const { tenantId } = Call
const away = new BusUnavailable({ cause: new Error("injected") })

export const bulkJobId = BulkJobId.make("00000000-0000-7000-8000-e70000000001")
const plan = { at: Call.ms(Call.t0 + 1_000), count: 0, exact: true }

export const makeWorld = Effect.fnUntraced(function* (scanBudget = 1_000) {
  const store = MemoryStore.make({ scanBudget })
  const begin = writersOn(store)
  const scope = yield* Effect.scope
  let writer = yield* begin
  /** Who remembers what was asked is gone, and another reads what is stored. */
  const restart = Effect.map(Scope.provide(begin, scope), (next) => void (writer = next))
  const ask: typeof writer.ask = (envelope) => Effect.suspend(() => writer.ask(envelope))
  const offer: typeof writer.offer = (envelope, settle) => writer.offer(envelope, settle)
  const { fates, lossy, step } = makeFates()
  const published: Array<BusMessage> = []
  const { callQueries, deadLetterQueries, deadLetters, jobItems, opsQueries } = store
  let asked = 0
  const tell = <C extends Command>(command: C) =>
    Effect.orDie(
      ask({
        tenantId,
        commandId: CommandId.make(`told:${asked++}`),
        correlationId: Call.origin.correlationId,
        actor: { kind: "user", id: "operator" },
        traceparent: null,
        idempotency: null,
        expectedVersion: null,
        command
      })
    )

  /** A call that runs again fails again before its job hears of it: its version and its last command are others by then. */
  const moveOn = Effect.fnUntraced(function* (command: Command) {
    if (command._tag !== "RerunServiceCall") return
    const { callId } = command
    const call = yield* Effect.orDie(store.callQueries.find(tenantId, callId))
    if (call?.status !== "Scheduled") return
    const { epoch, revision } = call
    yield* tell(Call.due({ callId, revision, at: Call.ms(call.dueAt) }))
    yield* tell(Call.failure({ callId, epoch: epoch + 1, retryable: false }))
  })

  const jobs = yield* makeBulkJobs(callIdOf).pipe(
    Effect.provideService(RequestIntake, intake),
    Effect.provideService(RequestVault, vault),
    Effect.provideService(
      Orchestrator,
      Orchestrator.of({
        offer,
        ask: (envelope) => {
          const lost = fates[0] === "is not heard of"
          return Effect.ensuring(
            step(ask(envelope)),
            lost ? Effect.andThen(moveOn(envelope.command), restart) : Effect.void
          ) as ReturnType<typeof ask<typeof envelope.command>>
        }
      })
    ),
    Effect.provideService(OpsQueries, {
      ...opsQueries,
      find: (kind, tenant, id) => step(opsQueries.find(kind, tenant, id))
    }),
    Effect.provideService(CallQueries, { ...callQueries, list: (options) => step(callQueries.list(options)) }),
    Effect.provideService(Deliveries, {
      ...store.deliveries,
      kept: (options) => step(store.deliveries.kept(options)),
      repeat: (options) => step(store.deliveries.repeat(options))
    }),
    Effect.provideService(DeadLetterQueries, {
      ...deadLetterQueries,
      list: (options) => step(deadLetterQueries.list(options))
    }),
    Effect.provideService(DeadLetters, {
      ...deadLetters,
      take: (options) => step(deadLetters.take(options)),
      settle: (options) => step(deadLetters.settle(options))
    }),
    Effect.provideService(JobItems, {
      active: jobItems.active,
      claim: (options) => step(jobItems.claim(options)),
      settle: (options) => step(jobItems.settle(options))
    }),
    Effect.provideService(EventBus, {
      consume: () => Effect.void,
      publish: (message) =>
        lossy(
          Effect.sync(() => void published.push(message)),
          away
        )
    })
  )

  const job = Effect.map(Effect.orDie(opsQueries.find("bulk-job", tenantId, bulkJobId)), (row): BulkJobRow => {
    if (row === null) throw new Error("there is no job")
    return row
  })

  return {
    store,
    fates,
    published,
    jobs,
    job,
    tell,
    /** A call that failed for good. */
    fail: Effect.fnUntraced(function* (n: number, at = Call.t0) {
      const callId = Call.call(n)
      yield* tell(Call.submit({ callId, at }))
      yield* tell(Call.due({ callId }))
      yield* tell(Call.failure({ callId, retryable: false }))
    }),
    /** A message that a group gave up. */
    bury: (n: number, group = "mails") =>
      Effect.orDie(
        deadLetters.keep({
          group,
          reasons: ["gave up"],
          message: {
            eventId: Call.call(n),
            tenantId,
            streamId: Call.streamOf(Call.call(n)),
            topic: "t",
            payload: { n }
          }
        })
      ),
    /** A call that a time of the schedule became before, by somebody else's doing. */
    called: (at: number) =>
      tell(
        Call.submit({
          callId: callIdOf(tenantId, Steps.scheduleId, 1, at),
          origin: { correlationId: CorrelationId.make("0def"), traceparent: null }
        })
      ),
    start: (work: BulkWork, rate = 3) =>
      tell({
        _tag: "StartBulkJob",
        bulkJobId,
        at: Call.t0,
        work,
        plan,
        rate,
        startedBy: "operator",
        origin: Call.origin
      } satisfies BulkJobCommand),
    eventsOf: (n: number, type: string) =>
      store
        .dump()
        .events.filter(({ event, streamId }) => streamId === Call.streamOf(Call.call(n)) && event.type === type).length
  }
})

/** Of a schedule of every minute: eight times until it was made, and the next one. */
export const lastMinutes: BulkWork = {
  _tag: "BackfillSchedule",
  filter: {
    scheduleId: Steps.scheduleId,
    revision: 1,
    timing: Steps.terms().timing,
    from: Call.ms(Call.t0 - 7 * 60_000),
    to: Call.ms(Call.t0 + 60_001)
  }
}
/** What the subscription asks for of all that happened. */
export const allMessages: BulkWork = {
  _tag: "RedeliverMessages",
  filter: { subscriptionId, from: Call.ms(0), to: Call.ms(Call.t0 * 2) }
}
export const failedCalls: BulkWork = {
  _tag: "RunCalls",
  filter: { status: "Failed", tags: [], dueFrom: null, dueTo: null, search: "hook" }
}
export const lettersOfMails: BulkWork = {
  _tag: "ReplayDeadLetters",
  filter: { id: null, topic: null, group: "mails", reason: null, from: null, to: null }
}
