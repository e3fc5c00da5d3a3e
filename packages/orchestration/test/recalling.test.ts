/** Who wins when a call is cancelled or moved while an attempt is handed over: the asker, until its worker has sent it. */
import type { RecallAnswer } from "@dueline/contracts/ports/Backlog"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { type Recall, recalling } from "../src/recalling.ts"
import { FaultyStore } from "./FaultyStore.ts"
import * as Call from "./ServiceCallSample.ts"
import { askOne, said, writersOn } from "./WritersUnderTest.ts"

/** A call that is handed over, and a worker that gives back what it is asked for or says that it was sent. */
const handedOver = Effect.fnUntraced(function* (answers: ReadonlyArray<RecallAnswer>) {
  const store = new FaultyStore()
  const writers = yield* writersOn(store)
  const recalls: Array<unknown> = []
  const recall: Recall = (worker, { callId, epoch, tenantId }) =>
    Effect.suspend(() => {
      const answer = answers[recalls.length] ?? "sent"
      recalls.push([worker, tenantId, callId, epoch])
      const back = Call.handBack({ epoch, reason: "draining", cause: "recalled", at: Call.dueAt, retryAt: Call.dueAt })
      return answer !== "recalled"
        ? Effect.succeed(answer)
        : Effect.as(Effect.orDie(writers.ask(Call.envelope(back))), answer)
    })
  for (const command of [Call.submit(), Call.due()]) yield* askOne(writers, Call.envelope(command))
  const asker = yield* recalling(writers, recall)
  const ask = (command: ServiceCallCommand, expectedVersion: number | null = null) =>
    Effect.map(askOne(asker, Call.envelope(command, { expectedVersion })), (told) => ({ told, said: said(told) }))
  const events = () => store.memory.dump().events.map(({ event }) => event.type)
  return { ask, events, recalls, writers }
})

const theAttempt = [Call.worker, Call.tenantId, Call.callId, 1]

describe("while an attempt is handed over", { tags: ["ADR-0012.12", "ADR-0012.5"] }, () => {
  it.effect("a cancel has it given back first, and is answered as one of a call that waits", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["recalled"])
      assert.strictEqual((yield* ask(Call.cancel())).said, "Cancelled 4")
      assert.deepStrictEqual(recalls, [theAttempt])
    })
  )

  it.effect("so has a move", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["recalled"])
      assert.strictEqual((yield* ask(Call.reschedule())).said, "Rescheduled 4")
      assert.deepStrictEqual(recalls, [theAttempt])
    })
  )

  it.effect("and was sent, a cancel makes it the last one and a move comes too late; nobody hears who has it", () =>
    Effect.gen(function* () {
      const { ask } = yield* handedOver(["sent", "sent"])
      const { told } = yield* ask(Call.reschedule())
      if (told === null || "outcome" in told || told._tag !== "ServiceCallAlreadyDispatched") {
        return assert.fail(`${JSON.stringify(told)} is not a refusal`)
      }
      assert.deepStrictEqual([told.status, told.attempt, told.held], ["Running", 1, undefined])
      assert.strictEqual((yield* ask(Call.cancel())).said, "Cancelling 3")
      assert.strictEqual((yield* ask(Call.cancel())).said, "Cancelling 3")
    })
  )

  it.effect("what was asked for one version holds for the one after the recall, and another version asks nobody", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["recalled"])
      assert.strictEqual((yield* ask(Call.cancel(), 1)).said, "VersionMismatch")
      assert.lengthOf(recalls, 0)
      assert.strictEqual((yield* ask(Call.cancel(), 2)).said, "Cancelled 4")
    })
  )
})

describe("before an attempt counts as lost", { tags: ["ADR-0013.4"] }, () => {
  const lost = Call.lostBy(Call.worker)

  it.effect("its worker is asked: one of which it never heard goes back without a count", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["unheard"])
      assert.strictEqual((yield* ask(lost)).said, "Recorded 3")
      assert.deepStrictEqual(recalls, [theAttempt])
    })
  )

  it.effect("one that was sent counts", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["sent"])
      assert.strictEqual((yield* ask(lost)).said, "Recorded 4")
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(recalls, 1)
    })
  )

  it.effect("one whose worker does not answer counts, until that says later that it never heard of it", () =>
    Effect.gen(function* () {
      const { ask, events, recalls } = yield* handedOver(["silent", "silent", "unheard"])
      assert.strictEqual((yield* ask(lost)).said, "Recorded 4")
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(recalls, 3)
      const attempt = ["ExecutionStarted", "ExecutionFailed", "RetryScheduled", "ExecutionHandedBack"]
      assert.deepStrictEqual(events(), ["ServiceCallSubmitted", ...attempt])
    })
  )

  it.effect("a worker that never answers is asked for a minute", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(Array.from({ length: 100 }, () => "silent" as const))
      assert.strictEqual((yield* ask(lost)).said, "Recorded 4")
      yield* TestClock.adjust("2 minutes")
      assert.lengthOf(recalls, 31)
    })
  )

  it.effect("a worker that is known to be gone is not asked", () =>
    Effect.gen(function* () {
      const { ask, recalls } = yield* handedOver(["unheard"])
      assert.strictEqual((yield* ask(Call.lost())).said, "Recorded 4")
      assert.lengthOf(recalls, 0)
    })
  )
})

describe("while word of an attempt has not come to its worker", () => {
  it.effect("a cancel has it handed back, and wins", () =>
    Effect.gen(function* () {
      const { ask } = yield* handedOver(["unheard"])
      assert.strictEqual((yield* ask(Call.cancel())).said, "Cancelled 4")
    })
  )
})

describe("at any other time", () => {
  it.effect("nobody is asked for anything back", () =>
    Effect.gen(function* () {
      const { ask, recalls, writers } = yield* handedOver([])
      yield* askOne(writers, Call.envelope(Call.success()))
      assert.strictEqual((yield* ask(Call.cancel())).said, "ServiceCallAlreadyDispatched")
      assert.strictEqual((yield* ask(Call.reschedule())).said, "ServiceCallAlreadyDispatched")
      assert.strictEqual((yield* ask(Call.rerun())).said, "IllegalTransition")
      assert.lengthOf(recalls, 0)
    })
  )
})
