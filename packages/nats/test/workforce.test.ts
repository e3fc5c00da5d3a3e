/** Attempts reach the executors of other processes, as many as those have room for. */
import { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Scope } from "effect"
import { Nats } from "../src/Nats.ts"
import * as WorkforceRemote from "../src/workforce/WorkforceRemote.ts"
import { serveWork, ToldPlaces } from "../src/workforce/WorkforceServer.ts"
import { attemptsText, attemptText } from "../src/workforce/WorkforceWire.ts"
import { cut, newPrefix, type Process, start, until } from "./Processes.ts"

const attempt = (worker: WorkerId): ExecutionRequested => ({
  _tag: "ExecutionRequested",
  tenantId: Sample.tenantId(),
  callId: Sample.callId(),
  worker,
  epoch: 1,
  attempt: 1,
  dueAt: 1,
  handedOverAt: 1,
  deadlineAt: 60_000,
  timeoutMs: 30_000,
  retryStatuses: [503],
  request: { method: "POST", url: "https://example.com/", headers: {}, bodyBytes: 0, bodySnippet: null },
  sealed: null,
  correlationId: "test" as ExecutionRequested["correlationId"],
  traceparent: null
})

/** An executor that keeps what it gets until it is told to let go. */
const keeping = Effect.fnUntraced(function* (process: Process, worker: WorkerId, places: number) {
  const kept: Array<ExecutionRequested> = []
  const refused: Array<ExecutionRequested> = []
  let freed = (): void => undefined
  const executor = {
    offer: (intent: ExecutionRequested) => kept.length < places && kept.push(intent) > 0,
    recall: ({ callId }: Holding) =>
      Effect.sync(() => {
        const at = kept.findIndex((intent) => intent.callId === callId)
        return at < 0 || kept.splice(at, 1).length === 0 ? ("sent" as const) : ("recalled" as const)
      }),
    slotsFree: () => places - kept.length,
    onSlotFree: (listener: () => void) => void (freed = listener)
  }
  yield* Effect.provide(serveWork({ worker, executor, onRefused: (intent) => void refused.push(intent) }), process)
  const letGo = () => {
    kept.splice(0)
    freed()
  }
  return { kept, refused, letGo }
})

const giver = Effect.fnUntraced(function* (prefix: string) {
  const process = yield* start(prefix, "o1", ["orchestrator"])
  return yield* Effect.provide(WorkforceRemote.make, process)
})

const worker = WorkerId.make("w1")

describe.skipIf(await missing("nats"))("attempts between processes", () => {
  it.live("an executor's places are known, taken by what is sent, and free again when it says so", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const { deliver, free } = yield* giver(prefix)
      const { kept, letGo } = yield* keeping(yield* start(prefix, worker, ["executor"]), worker, 3)
      yield* until("three places", () => free().get(worker) === 3)
      const attempts = [attempt(worker), attempt(worker), attempt(worker)]
      for (const one of attempts) assert.isTrue(deliver(one))
      assert.isUndefined(free().get(worker))
      yield* until("all three arrive", () => kept.length === 3)
      assert.deepStrictEqual(kept, attempts)
      letGo()
      yield* until("three places again", () => free().get(worker) === 3)
    })
  )

  it.live("what is on its way to an executor that stops reaches it", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const process = yield* start(prefix, "o1", ["orchestrator"])
      const { free } = yield* Effect.provide(WorkforceRemote.make, process)
      const { connection } = Context.get(process, Nats)
      for (const n of Array.from({ length: 20 }, (_, i) => i)) {
        const id = WorkerId.make(`w${n}`)
        const scope = yield* Scope.make()
        const { kept } = yield* Scope.provide(
          Effect.flatMap(start(prefix, id, ["executor"]), (executor) => keeping(executor, id, 1)),
          scope
        )
        yield* until("a place", () => free().get(id) === 1)
        const one = attempt(id)
        connection.publish(`${prefix}.work.${id}`, attemptsText("o1", 1, [attemptText(one)]))
        // When this is answered, the server has sent the attempt.
        yield* Effect.promise(() => connection.flush())
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(kept, [one])
      }
    })
  )

  it.live("what an executor does not take is its own to give back", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const { deliver, free } = yield* giver(prefix)
      const { refused } = yield* keeping(yield* start(prefix, worker, ["executor"]), worker, 1)
      yield* until("a place", () => free().get(worker) === 1)
      const attempts = [attempt(worker), attempt(worker)]
      for (const one of attempts) assert.isTrue(deliver(one))
      yield* until("one is refused", () => refused.length === 1)
      assert.deepStrictEqual(refused, attempts.slice(1))
    })
  )

  it.live("a worker that nobody listens for any more is not given more", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const { deliver, free } = yield* giver(prefix)
      const process = yield* start(prefix, worker, ["executor"])
      yield* keeping(process, worker, 3)
      yield* until("three places", () => free().get(worker) === 3)
      yield* cut(process)
      yield* until("the worker is gone", () => !deliver(attempt(worker)))
      assert.isUndefined(free().get(worker))
    })
  )

  it.live("an attempt is called back from the worker that has it, and from nobody who has it not or is not there", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const { deliver, free, recall } = yield* giver(prefix)
      const { kept } = yield* keeping(yield* start(prefix, worker, ["executor"]), worker, 3)
      yield* until("three places", () => free().get(worker) === 3)
      const [one, other] = [attempt(worker), attempt(worker)]
      // In one turn: what is called back has not even left yet.
      deliver(one)
      assert.strictEqual(yield* recall(worker, one), "recalled")
      assert.deepStrictEqual(kept, [])
      assert.strictEqual(yield* recall(worker, one), "sent")
      assert.strictEqual(yield* recall(worker, other), "sent")
      assert.strictEqual(yield* recall(WorkerId.make("nobody"), other), "silent")
    })
  )

  it.live("a worker that nobody has heard of gets nothing", () =>
    Effect.gen(function* () {
      const { deliver } = yield* giver(newPrefix())
      assert.isFalse(deliver(attempt(worker)))
    })
  )
})

describe("places that were told of", () => {
  it("are enough while at least half of the most there ever were is left, and never when none is", () => {
    const told = new ToldPlaces()
    assert.isFalse(told.areEnough)
    told.tell(8)
    assert.isTrue(told.areEnough)
    told.come(4)
    assert.isTrue(told.areEnough)
    told.come(1)
    assert.isFalse(told.areEnough)
    told.tell(3)
    assert.isFalse(told.areEnough)
    told.tell(4)
    assert.isTrue(told.areEnough)
    told.tell(0)
    assert.isFalse(told.areEnough)
  })
})
