import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import { Pauses } from "@dueline/contracts/ports/Pauses"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
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
