/** What came in and failed has one dead letter, whose replay processes it once more: each replay once, whatever fails on the way. */
import { assert, it } from "@effect/vitest"
import type { Command } from "@dueline/contracts/kinds"
import { ingestionGroup, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import { DeadLetters, type LetterFilter } from "@dueline/contracts/ports/DeadLetters"
import type { Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import { makeHandler } from "../src/FailedIngestions.ts"
import { inSteps, makeFates } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

const { tenantId } = Field
const any: LetterFilter = { state: null, topic: null, group: ingestionGroup, reason: null, from: null, to: null }
const before = Number.MAX_SAFE_INTEGER
const ack: Verdict = { _tag: "Ack" }

const world = Effect.gen(function* () {
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { ask } = writers
  const { fates, step } = makeFates()
  const handler = yield* makeHandler.pipe(
    Effect.provideService(Orchestrator, inSteps(writers, step)),
    Effect.provideService(DeadLetters, {
      ...store.deadLetters,
      keep: (letter) => step(store.deadLetters.keep(letter))
    })
  )
  const streamId = Steps.ingestionId as string as Delivery["streamId"]
  const letter = Effect.map(
    Effect.orDie(store.deadLetterQueries.list({ tenantId, filter: any, after: null, limit: 10 })),
    ({ letters }) => {
      assert.lengthOf(letters, 1)
      return letters[0] as (typeof letters)[0]
    }
  )
  /** As a bus does: again until it need not wait. */
  const deliver = Effect.fnUntraced(function* (message: Omit<Delivery, "attempt">) {
    let verdict: Verdict = { _tag: "Wait", reason: "" }
    while (verdict._tag === "Wait") verdict = yield* handler({ ...message, attempt: 1 })
    return verdict
  })
  return {
    store,
    fates,
    letter,
    deliver,
    tell: (command: Command) => ask(Field.envelope(command)),
    /** Messages about failures, oldest first. */
    failures: () =>
      store
        .dump()
        .outbox.filter(({ topic }) => topic === "ops.ingestion.failed")
        .map(({ eventId, payload, topic }) => ({ eventId, payload, topic, tenantId, streamId })),
    /** What a job has the bus bring when it replays the letter. */
    replay: Effect.fnUntraced(function* (job: string) {
      const { id } = yield* letter
      const taken = yield* Effect.orDie(store.deadLetters.take({ tenantId, id, job, before }))
      if (taken === null) return assert.fail("it does not wait")
      const message = { ...taken.message, redelivery: { group: taken.group, replay: taken.replay } }
      const settle = Effect.orDie(store.deadLetters.settle({ tenantId, id, job, error: null }))
      return { message, settle }
    }),
    versions: () => store.dump().events.length,
    row: () => store.dump().rows.find((row): row is IngestionRow => row._tag === "IngestionRow")
  }
})

const failed = Effect.fnUntraced(function* () {
  const here = yield* world
  yield* here.tell(Steps.receive())
  yield* here.tell(Steps.retry("StoreUnavailable"))
  yield* here.tell(Steps.fail(2))
  return here
})

const job = (n: number) => `00000000-0000-7000-8000-e4000000000${n}`
const jobs = [job(1), job(2), job(3)] as const

it.effect(
  "an ingestion that failed has one letter with why each attempt failed and nothing of what came in, however often that is told",
  () =>
    Effect.gen(function* () {
      const here = yield* failed()
      for (const message of [...here.failures(), ...here.failures()])
        assert.deepStrictEqual(yield* here.deliver(message), ack)
      const { id, ...summary } = yield* here.letter
      assert.deepInclude(summary, { group: ingestionGroup, state: "Waiting", failures: 2, reason: "no order" })
      assert.deepInclude(summary, { streamId: Steps.ingestionId, topic: "ops.ingestion.failed" })
      const detail = yield* here.store.deadLetterQueries.find(tenantId, id)
      assert.deepStrictEqual(
        detail?.attempts.map(({ error }) => error),
        ["StoreUnavailable", "no order"]
      )
      assert.notInclude(JSON.stringify(detail), "v1.key")
    }),
  { tags: ["ADR-0033.6"] }
)

it.effect(
  "its replay processes it again, once; failed again, the letter waits with its whole history, once for each failure",
  () =>
    Effect.gen(function* () {
      const here = yield* failed()
      const [first] = here.failures()
      if (first === undefined) return assert.fail("nothing was told")
      yield* here.deliver(first)
      const { message, settle } = yield* here.replay(jobs[0])
      assert.deepStrictEqual(yield* here.deliver(message), ack)
      assert.deepInclude(here.row(), { status: "Processing", endedAt: null, replayed: { replay: 1, failures: 2 } })
      const versions = here.versions()
      assert.deepStrictEqual(yield* here.deliver(message), ack)
      assert.strictEqual(here.versions(), versions)
      yield* settle
      yield* here.deliver(first)
      assert.strictEqual((yield* here.letter).state, "Replayed", "the failure before the replay is told again")
      yield* here.tell(Steps.fail(4, { reason: "still no order" }))
      for (const told of [...here.failures(), ...here.failures()]) yield* here.deliver(told)
      const again = yield* here.letter
      assert.deepInclude(again, { state: "Waiting", failures: 3, reason: "still no order", replays: 1 })
      assert.lengthOf((yield* here.store.deadLetterQueries.find(tenantId, again.id))?.attempts ?? [], 3)
      assert.deepStrictEqual(yield* here.deliver(message), ack)
      assert.strictEqual(here.row()?.status, "Failed", "the first replay comes late, again")
      yield* here.deliver((yield* here.replay(jobs[1])).message)
      yield* here.tell(Steps.fail(6, { reason: "no order yet" }))
      for (const told of here.failures()) yield* here.deliver(told)
      assert.deepInclude(yield* here.letter, { state: "Waiting", failures: 4, reason: "no order yet", replays: 2 })
      yield* here.deliver((yield* here.replay(jobs[2])).message)
      yield* here.tell(Steps.complete(8))
      assert.deepInclude(here.row(), { status: "Completed", failures: 4, replayed: { replay: 3, failures: 4 } })
    }),
  { tags: ["ADR-0033.6"] }
)

it.effect("a replay of what has ended well is refused, and a message about nothing is given up", () =>
  Effect.gen(function* () {
    const here = yield* failed()
    for (const message of here.failures()) yield* here.deliver(message)
    const { message } = yield* here.replay(jobs[0])
    yield* here.deliver(message)
    yield* here.tell(Steps.complete(5))
    const later = { ...message, redelivery: { group: ingestionGroup, replay: 2 } }
    assert.deepStrictEqual(yield* here.deliver(later), { _tag: "Dead", reason: "it is not replayed: IngestionEnded" })
    assert.strictEqual((yield* here.deliver({ ...message, payload: { n: 1 } }))._tag, "Dead")
  })
)

it.effect.prop(
  "whatever fails at any step, a failure makes its letter wait once and a replay opens the ingestion once",
  { fates: Schema.Array(Schema.Literals(["happens", "fails", "is not heard of"])) },
  ({ fates }) =>
    Effect.gen(function* () {
      const here = yield* failed()
      here.fates.push(...fates)
      for (const message of here.failures()) assert.deepStrictEqual(yield* here.deliver(message), ack)
      const versions = here.versions()
      const { message, settle } = yield* here.replay(jobs[0])
      assert.deepStrictEqual(yield* here.deliver(message), ack)
      yield* settle
      assert.strictEqual(here.versions(), versions + 1)
      assert.strictEqual(here.row()?.status, "Processing")
      assert.deepInclude(yield* here.letter, { failures: 2, state: "Replayed", replays: 1 })
    }),
  { tags: ["ADR-0033.6"] }
)
