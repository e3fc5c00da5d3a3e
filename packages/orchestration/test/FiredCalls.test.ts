/** What a process knows of the calls that it fired. */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import * as scheduleCalls from "../src/schedules/scheduleCalls.ts"

const id = "00000000-0000-8000-8000-000000000001" as ServiceCallId

it.effect("a call counts as made once its making has succeeded, and who asks meanwhile waits for that", () =>
  Effect.gen(function* () {
    const { isMade, making } = scheduleCalls.make()
    assert.isFalse(yield* isMade(id))
    const end = yield* Deferred.make<void, string>()
    yield* Effect.forkChild(Effect.ignore(making(id, Deferred.await(end))), { startImmediately: true })
    const asked = yield* Effect.forkChild(isMade(id), { startImmediately: true })
    assert.isUndefined(asked.pollUnsafe())
    yield* Deferred.fail(end, "away")
    assert.isFalse(yield* Fiber.join(asked))
    yield* making(id, Effect.void)
    assert.isTrue(yield* isMade(id))
    const dying = yield* Effect.forkChild(making(id, Effect.never), { startImmediately: true })
    yield* Fiber.interrupt(dying)
    assert.isFalse(yield* isMade(id))
  })
)
