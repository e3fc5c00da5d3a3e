import type { PauseCommitted } from "@dueline/contracts/Intent"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import type { PauseId } from "@dueline/contracts/pause/Pause"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { type PauseInForce, Pauses } from "@dueline/contracts/ports/Directories"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { assert, describe, it } from "@effect/vitest"
import * as Sample from "@dueline/port-contracts/Sample"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeKnownHolds } from "../src/knownHolds.ts"

describe("a process that begins while the store does not answer", () => {
  it.effect(
    "does not take it that nothing is held",
    () =>
      Effect.gen(function* () {
        let isAway = true
        const inForce = () =>
          isAway ? Effect.fail(new StoreUnavailable({ operation: "pauses", cause: "away" })) : Effect.succeed([])
        const { known } = yield* makeKnownHolds({ group: "holds", suspended: () => new Map() }).pipe(
          Effect.provideService(Pauses, { inForce }),
          Effect.provideServiceEffect(EventBus, EventBusMemory.make())
        )
        const knows = yield* Effect.forkChild(known)
        yield* TestClock.adjust("10 seconds")
        assert.isUndefined(knows.pollUnsafe())
        isAway = false
        yield* TestClock.adjust("1 second")
        assert.isDefined(knows.pollUnsafe())
        yield* Fiber.join(knows)
      }),
    { tags: ["ADR-0042.3"] }
  )
})

describe("a pause that this process committed", () => {
  it.effect(
    "holds from then on, whatever a reading that began before says, until a later one says otherwise",
    () =>
      Effect.gen(function* () {
        const tenantId = Sample.tenantId()
        const pause: PauseCommitted = {
          _tag: "PauseCommitted",
          tenantId,
          pauseId: "00000000-0000-7000-8000-ba0500000001" as PauseId,
          of: "tenant",
          key: null,
          release: null,
          isOver: false
        }
        const gate = yield* Deferred.make<void>()
        let readings = 0
        const inForce = (): Effect.Effect<ReadonlyArray<PauseInForce>> => {
          readings += 1
          return readings === 2 ? Effect.as(Deferred.await(gate), []) : Effect.succeed([])
        }
        const { committed, holds } = yield* makeKnownHolds({ group: "holds", suspended: () => new Map() }).pipe(
          Effect.provideService(Pauses, { inForce }),
          Effect.provideServiceEffect(EventBus, EventBusMemory.make())
        )
        const held = () => [...holds().tenants]
        yield* TestClock.adjust("5 seconds")
        assert.strictEqual(readings, 2)
        committed(pause)
        assert.deepStrictEqual(held(), [tenantId])
        yield* Deferred.succeed(gate, undefined)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(held(), [tenantId])
        committed({ ...pause, isOver: true })
        assert.deepStrictEqual(held(), [])
        committed(pause)
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual([readings, held()], [3, []])
      }),
    { tags: ["ADR-0042.3"] }
  )
})
