/** A tenant with a hundred thousand due calls beside a tenant with one: real timer, loop, slots and queue, attempts that only take time. */
import { assert, describe, it } from "@effect/vitest"
import type { TenantId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Timer } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { Clock, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type DueLoopOptions, makeDueLoop } from "../src/DueLoop.ts"
import { WorkerCapacity } from "../src/WorkerCapacity.ts"
import * as MemoryTimer from "../src/MemoryTimer.ts"
import { due, ended, started } from "./fairSample.ts"
import { answerStarted, Floor } from "./Scripted.ts"

const places = 64
const attemptMs = 200
const crowd = 100_000

/** Every attempt takes the same time, which is all there is of a target here. Answers when each ended. */
class World {
  readonly floor = new Floor(places)
  readonly endedAt = new Map<string, number>()

  readonly layer = Layer.effect(
    Orchestrator,
    Effect.flatMap(Intents, ({ publish }) =>
      Orchestrator.ofCalls(({ command, tenantId }) => {
        const call = { tenantId, callId: command.callId, target: Sample.host }
        const over = Effect.map(Effect.sleep(attemptMs), () => {
          this.endedAt.set(call.callId, command.at + attemptMs)
          this.floor.done()
          publish([ended(call)])
        })
        return Effect.suspend(() => {
          this.floor.running += 1
          publish([started(call, 1, command.at + 35_000)])
          return Effect.andThen(Effect.forkDetach(over), answerStarted(command))
        })
      })
    )
  ).pipe(Layer.provideMerge(Intents.layer))
}

interface Scene {
  readonly tenant: TenantId
  /** Whose calls are due, a hundred thousand at once; nobody's when there is none. */
  readonly crowdOf?: TenantId
  /** How long after them the one call is due, in milliseconds. */
  readonly after: number
  readonly options?: Partial<DueLoopOptions>
}

/** How long the one call takes from its due time to its end. Infinite when it has not ended after the time of 10 attempts. */
const timeOf = ({ after, crowdOf, options, tenant }: Scene) => {
  const world = new World()
  return Effect.gen(function* () {
    const { size, timer } = yield* MemoryTimer.make({ horizonMs: 60_000, alarmLimit: 400_000 })
    const begin = yield* Clock.currentTimeMillis
    const one = due(tenant, { dueAt: begin + after })
    const others = crowdOf === undefined ? [] : Array.from({ length: crowd }, () => due(crowdOf, { dueAt: begin }))
    yield* timer.arm(others)
    const { count, run } = yield* makeDueLoop({ batchLimit: 128, ...options }).pipe(Effect.provideService(Timer, timer))
    const { subscribe } = yield* Intents
    subscribe((committed) =>
      count(
        committed.filter((intent) => intent._tag === "ExecutionRequested"),
        committed.filter((intent) => intent._tag === "AttemptEnded")
      )
    )
    const loop = yield* Effect.forkChild(run, { startImmediately: true })
    // What happens in a moment takes some turns of the event loop; only what a sleeper sets off is waited for by the clock itself.
    const settle = Effect.gen(function* () {
      while (size() > 0) yield* TestClock.adjust(0)
      for (let turn = 0; turn < 10; turn += 1) yield* TestClock.adjust(0)
    })
    yield* settle
    yield* TestClock.setTime(one.dueAt)
    yield* timer.arm([one])
    yield* settle
    yield* TestClock.setTime(one.dueAt + 10 * attemptMs)
    yield* Fiber.interrupt(loop)
    return (world.endedAt.get(one.callId) ?? Number.POSITIVE_INFINITY) - one.dueAt
  }).pipe(Effect.provide(Layer.mergeAll(world.layer, WorkerCapacity.layer(world.floor))))
}

describe("a tenant with 100,000 due calls", { tags: ["ADR-0014.4"] }, () => {
  for (const after of [0, 1, 199, 777]) {
    it.effect(`delays another's one call, due ${after} ms later, by at most twice its time alone`, () =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const alone = yield* timeOf({ tenant, after })
        const beside = yield* timeOf({ tenant, after, crowdOf: Sample.tenantId() })
        assert.strictEqual(alone, attemptMs)
        assert.isAtMost(beside, 2 * alone)
      })
    )
  }

  it.effect("does not delay it at all where no tenant may have all places", () =>
    Effect.gen(function* () {
      const options = { places: () => places }
      const time = yield* timeOf({ tenant: Sample.tenantId(), after: 100, crowdOf: Sample.tenantId(), options })
      assert.strictEqual(time, attemptMs)
    })
  )

  it.effect("would delay it for as long as the backlog lasts if calls were started in the order they were due", () =>
    Effect.gen(function* () {
      // Within a tenant that is the order: one more call of the same tenant fares as any would in a plain queue.
      const tenant = Sample.tenantId()
      assert.strictEqual(yield* timeOf({ tenant, after: 100, crowdOf: tenant }), Number.POSITIVE_INFINITY)
    })
  )
})
