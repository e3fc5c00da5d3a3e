/** How many refused requests get a record, and what the next record says of those that got none. */
import { assert, it } from "@effect/vitest"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import { Orchestrator, Overloaded } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { makeRejections, recordsPerMinute } from "../src/intake/signatureRejections.ts"

const sourceOf = (n: number) => CourierSourceId.make(`00000000-0000-4000-8000-00000000000${n}`)

const world = Effect.gen(function* () {
  const recorded: Array<readonly [source: string, unrecorded: number]> = []
  const orchestrator = yield* Orchestrator.asking(({ command }) => {
    if (command._tag === "RejectIngestion") recorded.push([command.courierSourceId, command.unrecorded])
    return Effect.fail(new Overloaded({ queueLimit: 1 }))
  })
  const note = yield* Effect.provideService(makeRejections, Orchestrator, orchestrator)
  const refuse = Effect.fnUntraced(function* (times: number, n = 1) {
    for (let time = 0; time < times; time += 1) {
      note({
        tenantId: "00000000-0000-4000-8000-0000000000aa" as TenantId,
        courierSourceId: sourceOf(n),
        reason: "signature_wrong",
        bodyBytes: 2,
        correlationId: "0" as CorrelationId
      })
    }
    yield* TestClock.adjust(1)
  })
  return { recorded, refuse }
})

it.effect(
  "so many of a source in a minute are recorded; the first record after that counts the others, once",
  () =>
    Effect.gen(function* () {
      const { recorded, refuse } = yield* world
      yield* refuse(recordsPerMinute + 7)
      assert.deepStrictEqual(
        recorded,
        Array.from({ length: recordsPerMinute }, () => [sourceOf(1), 0] as const)
      )
      yield* TestClock.adjust("1 minute")
      recorded.length = 0
      yield* refuse(2)
      assert.deepStrictEqual(recorded, [
        [sourceOf(1), 7],
        [sourceOf(1), 0]
      ])
    }),
  { tags: ["ADR-0030.4"] }
)

it.effect("one source takes no records from another", () =>
  Effect.gen(function* () {
    const { recorded, refuse } = yield* world
    yield* refuse(recordsPerMinute * 3, 1)
    yield* refuse(1, 2)
    assert.lengthOf(recorded, recordsPerMinute + 1)
    assert.deepStrictEqual(recorded.at(-1), [sourceOf(2), 0])
  })
)
