/** From a bus that gave a message up to the place where it is kept, also while that place does not answer. */
import { keptIn } from "@dueline/contracts/deadLetter"
import * as DeadLettersMemory from "@dueline/port-contracts/memory/DeadLettersMemory"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { DeadLetters } from "@dueline/contracts/ports/DeadLetters"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Bus from "@dueline/port-contracts/bus/EventBusProbe"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Clock, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"

/** A place for letters that does not answer the first `failures` times, and the times at which it was asked. */
const flaky = (failures: number) => {
  const { kept, letters } = DeadLettersMemory.make()
  const asked: Array<number> = []
  const keep: DeadLetters["Service"]["keep"] = (letter) =>
    Effect.gen(function* () {
      asked.push(yield* Clock.currentTimeMillis)
      if (asked.length <= failures) yield* new StoreUnavailable({ operation: "keep", cause: new Error("gone") })
      yield* letters.keep(letter)
    })
  return { asked, kept, letters: DeadLetters.of({ ...letters, keep }) }
}

it.effect("what a group gives up is a letter with its reasons, and until it is kept the next of its tenant waits", () =>
  Effect.gen(function* () {
    const { asked, kept, letters } = flaky(12)
    const bus = yield* EventBusMemory.make({ onDead: keptIn(letters) })
    const heard: Array<unknown> = []
    yield* bus.consume({ group: "mails", topics: [] }, ({ payload }) => {
      heard.push(payload)
      return Effect.succeed(payload === "poison" ? Bus.dead : Bus.ack)
    })
    const tenant = Sample.tenantId()
    const poison = Bus.message(tenant, "poison")
    const publishing = yield* Effect.forEach([poison, Bus.message(tenant, "next")], (one) =>
      Effect.forkChild(bus.publish(one), { startImmediately: true })
    )
    yield* TestClock.adjust(10_000)
    assert.deepStrictEqual(heard, ["poison"])
    yield* TestClock.adjust(120_000)
    yield* Effect.forEach(publishing, Fiber.join)
    assert.deepStrictEqual(heard, ["poison", "next"])
    assert.deepStrictEqual(kept(), [{ group: "mails", message: poison, reasons: ["hopeless"] }])
    const pauses = asked.slice(1).map((at, index) => at - (asked[index] ?? 0))
    assert.isAtLeast(Math.min(...pauses), 80)
    assert.isAtMost(Math.max(...pauses), 10_000)
    assert.isAtLeast(Math.max(...pauses), 8_000)
  })
)
