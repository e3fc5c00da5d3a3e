/** What becomes of the start of a call that was to be in the commit of its firing, when that commit happens, conflicts, or nobody knows. */
import { type DirectStart, DirectStarts, FiringCommits, type OfferFiring } from "@dueline/contracts/CommitCompanions"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import type { ScheduleCommand } from "@dueline/contracts/schedule/Schedule"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { unavailable } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./ScheduleSteps.ts"
import * as Call from "./ServiceCallSample.ts"
import { writersOn } from "./WritersUnderTest.ts"

const callId = "00000000-0000-8000-8000-0000000000aa" as ServiceCallId
const at = Field.ms(Call.t0 + 1_000)

const submission = Field.envelope(Call.submit({ callId, at, dueAt: at })) as Envelope<ServiceCallCommand>

/** A schedule whose time has come, and writers that start each call directly. `trouble`: what the next commit of two kinds comes to. */
const firing = Effect.fnUntraced(function* (trouble: "none" | "not done" | "done and unsaid") {
  const store = MemoryStore.make()
  const { persistence } = store
  let left = trouble === "none" ? 0 : 1
  const faulty: typeof persistence = {
    ...persistence,
    commit: (batch) =>
      left === 0 || new Set(batch.map(({ category }) => category)).size < 2
        ? persistence.commit(batch)
        : Effect.suspend(() => {
            left -= 1
            const done = trouble === "not done" ? Effect.void : persistence.commit(batch)
            return Effect.andThen(done, Effect.fail(unavailable))
          })
  }
  const starts: Array<string> = []
  let offer: OfferFiring | null = null
  const worker = "w" as WorkerId
  const start = ({ command, tenantId }: Envelope<ServiceCallCommand>): DirectStart | null => {
    if (command._tag !== "SubmitServiceCall") return null
    const due = { _tag: "DueTimeReached", callId: command.callId, at: command.at, revision: 1, worker } as const
    return {
      envelope: { ...(Field.envelope(due) as Envelope<ServiceCallCommand>), tenantId },
      settle: (exit) => {
        const error = exit === null || Exit.isSuccess(exit) ? null : Option.getOrNull(Cause.findErrorOption(exit.cause))
        starts.push(exit === null ? "not asked for" : (error?._tag ?? "started"))
      }
    }
  }
  const writers = yield* writersOn({ persistence: faulty }).pipe(
    Effect.provideService(FiringCommits, {
      offer: () => offer,
      by: (taken) => {
        offer = taken
      }
    }),
    Effect.provideService(DirectStarts, { ask: start, by: () => Effect.void })
  )
  yield* writers.ask(Field.envelope(Steps.create({}) as Command))
  const schedule = store.dump().rows.find((row) => row._tag === "ScheduleRow")
  if (schedule?._tag !== "ScheduleRow") return assert.fail("there is no schedule")
  const fired = {
    occurrence: { at, mark: "regular" },
    cause: "due",
    callId,
    dueAt: at,
    cancels: null
  } as const
  const advance: ScheduleCommand = {
    _tag: "AdvanceSchedule",
    scheduleId: Steps.scheduleId,
    at,
    revision: 1,
    doneUntil: schedule.doneUntil,
    skips: [],
    firings: [fired],
    progress: Steps.progress({ doneUntil: at, nextAt: null })
  }
  const envelope = { ...(Field.envelope(advance) as Envelope<ScheduleCommand>), expectedVersion: 1 }
  const tell = Effect.callback<boolean>((resume) => {
    offer?.({ firing: envelope, submission, settle: (exit, is) => resume(Effect.as(exit, is).pipe(Effect.orDie)) })
  })
  return { starts, store, tell, writers }
})

const statusIn = (store: ReturnType<typeof MemoryStore.make>) =>
  store.dump().rows.flatMap((row) => (row._tag === "ServiceCallRow" ? [`${row.status} ${row.epoch}`] : []))

const fire = Effect.fnUntraced(function* (tell: Effect.Effect<boolean>) {
  const fiber = yield* Effect.forkChild(tell, { startImmediately: true })
  yield* TestClock.adjust("1 minute")
  return yield* Fiber.join(fiber)
})

describe("the start of a call", { tags: ["ADR-0054.3"] }, () => {
  it.effect("is in the commit of its firing", () =>
    Effect.gen(function* () {
      const { starts, store, tell } = yield* firing("none")
      assert.isTrue(yield* fire(tell))
      assert.deepStrictEqual(statusIn(store), ["Running 1"])
      assert.deepStrictEqual(starts, ["started"])
    })
  )

  it.effect(
    "is unsure when the store gave no answer, whatever it did, and the firing says that its call is to be submitted",
    () =>
      Effect.gen(function* () {
        for (const trouble of ["not done", "done and unsaid"] as const) {
          const { starts, store, tell, writers } = yield* firing(trouble)
          assert.isFalse(yield* fire(tell))
          assert.deepStrictEqual(starts, ["StoreUnavailable"])
          assert.deepStrictEqual(statusIn(store), trouble === "not done" ? [] : ["Running 1"])
          yield* Effect.forkChild(writers.ask(submission), { startImmediately: true })
          yield* TestClock.adjust("1 minute")
          assert.deepStrictEqual(statusIn(store), ["Running 1"])
        }
      })
  )

  it.effect("is not asked for when the call is there already", () =>
    Effect.gen(function* () {
      const { starts, store, tell } = yield* firing("none")
      const other = MemoryStore.make()
      const elsewhere = yield* writersOn(other)
      yield* elsewhere.ask(submission)
      const { events } = other.dump()
      assert.lengthOf(events, 1)
      yield* store.persistence.commit([
        {
          tenantId: submission.tenantId,
          streamId: callId as never,
          category: "service-call",
          expectedVersion: 0,
          events: events.map(({ event }) => event),
          row: other.dump().rows[0] ?? null,
          requires: [],
          snapshot: null,
          sealed: { _tag: "keep" },
          outbox: [],
          receipts: []
        }
      ])
      assert.isFalse(yield* fire(tell))
      assert.deepStrictEqual(starts, ["not asked for"])
      assert.deepStrictEqual(statusIn(store), ["Scheduled 0"])
    })
  )
})
