/** Commands find the writer of their partition in another process, also when that process goes away. */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { ServiceCallNotFound } from "@dueline/contracts/serviceCall/Command"
import { partitionOf, rendezvous } from "@dueline/contracts/partition"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { Members } from "../src/members/Members.ts"
import * as RemoteOrchestrator from "../src/commands/RemoteOrchestrator.ts"
import { answering, answerTo, type Command, command, cut, newPrefix, sees, start, until } from "./Processes.ts"

const asker = Effect.fnUntraced(function* (prefix: string, patienceMs = 20_000) {
  const process = yield* start(prefix, "edge", ["api"])
  const orchestrator = yield* Effect.provide(RemoteOrchestrator.make({ local: null, patienceMs }), process)
  return { process, ask: orchestrator.ask }
})

describe.skipIf(await missing("nats"))("commands between processes", { tags: ["ADR-0014.1"] }, () => {
  it.live("a command is answered by the writer of another process", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const asked = yield* answering(yield* start(prefix, "o1", ["orchestrator"]))
      const { ask } = yield* asker(prefix)
      const one = command()
      assert.deepStrictEqual(yield* ask(one), answerTo(one))
      assert.deepStrictEqual(asked, [one])
    })
  )

  it.live("a refusal comes back as the error it is", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      yield* answering(yield* start(prefix, "o1", ["orchestrator"]), ({ command }) =>
        Effect.fail(new ServiceCallNotFound({ callId: command.callId }))
      )
      const { ask } = yield* asker(prefix)
      const one = command()
      assert.deepStrictEqual(yield* Effect.flip(ask(one)), new ServiceCallNotFound({ callId: one.command.callId }))
    })
  )

  it.live("a writer that dies of a command answers that it is unavailable, and serves the next one", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      let first = true
      yield* answering(yield* start(prefix, "o1", ["orchestrator"]), (one) => {
        if (!first) return Effect.succeed(answerTo(one))
        first = false
        return Effect.die("bug")
      })
      const { ask } = yield* asker(prefix)
      assert.strictEqual((yield* Effect.flip(ask(command())))._tag, "StoreUnavailable")
      yield* ask(command())
    })
  )

  it.live("every command goes to the first process of its partition, and a partition has one", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const asked = new Map<string, Array<ReturnType<typeof command>>>()
      for (const id of ["o1", "o2", "o3"]) {
        asked.set(id, yield* answering(yield* start(prefix, id, ["orchestrator"])))
      }
      const { ask, process } = yield* asker(prefix)
      yield* sees(process, "orchestrator", ["o1", "o2", "o3"])
      const commands = Array.from({ length: 60 }, command)
      yield* Effect.forEach(commands, ask, { concurrency: "unbounded" })
      for (const [id, got] of asked) {
        for (const { command, tenantId } of got) {
          assert.strictEqual(rendezvous(partitionOf(tenantId, command.callId), asked.keys())[0], id)
        }
        assert.isAbove(got.length, 0)
      }
    })
  )

  it.live("a process that leaves answers what it took, and the next commands go to the others", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const release = yield* Deferred.make<void>()
      const leaving = yield* Scope.make()
      const going = yield* Scope.provide(start(prefix, "o1", ["orchestrator"]), leaving)
      const slow = yield* Scope.provide(
        answering(going, (one) => Effect.as(Deferred.await(release), answerTo(one))),
        leaving
      )
      const { ask, process } = yield* asker(prefix)
      yield* sees(process, "orchestrator", ["o1"])
      const early = yield* Effect.forkChild(ask(command()), { startImmediately: true })
      yield* until("the first command is taken", () => slow.length === 1)
      const quick = yield* answering(yield* start(prefix, "o2", ["orchestrator"]))
      yield* Context.get(going, Members).leave
      yield* sees(process, "orchestrator", ["o2"])
      yield* Effect.forEach(Array.from({ length: 10 }, command), ask, { concurrency: "unbounded" })
      assert.strictEqual(quick.length, 11)
      const closing = yield* Effect.forkChild(Scope.close(leaving, Exit.void), { startImmediately: true })
      yield* Deferred.succeed(release, undefined)
      yield* Fiber.join(closing)
      yield* Fiber.join(early)
      assert.lengthOf(slow, 1)
    })
  )

  it.live("commands that were on their way to a process that is killed are answered by another", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const victim = yield* start(prefix, "o1", ["orchestrator"])
      const stuck = yield* answering(victim, () => Effect.never)
      const { ask, process } = yield* asker(prefix)
      yield* sees(process, "orchestrator", ["o1"])
      const commands = Array.from({ length: 20 }, command)
      const asking = yield* Effect.forkChild(Effect.forEach(commands, ask, { concurrency: "unbounded" }), {
        startImmediately: true
      })
      yield* until("all are taken", () => stuck.length === 20)
      const rescued = yield* answering(yield* start(prefix, "o2", ["orchestrator"]))
      yield* cut(victim)
      assert.deepStrictEqual(yield* Fiber.join(asking), commands.map(answerTo))
      assert.sameDeepMembers(rescued, commands)
    })
  )

  it.live("a command that comes before any writer waits for one", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const { ask } = yield* asker(prefix)
      const asking = yield* Effect.forkChild(ask(command()), { startImmediately: true })
      yield* answering(yield* start(prefix, "o1", ["orchestrator"]))
      yield* Fiber.join(asking)
    })
  )

  it.live("where no writer comes, the asker is told so after its patience", () =>
    Effect.gen(function* () {
      const { ask } = yield* asker(newPrefix(), 300)
      const refusal = yield* Effect.flip(ask(command()))
      assert.strictEqual(refusal._tag, "StoreUnavailable")
      assert.include(String(refusal._tag === "StoreUnavailable" ? refusal.cause : ""), "no orchestrator is there")
    })
  )

  it.live("a writer that hangs with its connection open is not waited for", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      // It says once that it is there, and listens; nothing more comes from it.
      const stuck = yield* answering(yield* start(prefix, "o1", ["orchestrator"], 600_000), () => Effect.never)
      const { ask, process } = yield* asker(prefix)
      yield* sees(process, "orchestrator", ["o1"])
      const asking = yield* Effect.forkChild(ask(command()), { startImmediately: true })
      yield* until("it is taken", () => stuck.length === 1)
      yield* answering(yield* start(prefix, "o2", ["orchestrator"]))
      yield* Fiber.join(asking)
    })
  )

  it.live("commands of its own partitions never leave a process", () =>
    Effect.gen(function* () {
      const prefix = newPrefix()
      const mine = yield* start(prefix, "o1", ["api", "orchestrator"])
      const others = yield* answering(yield* start(prefix, "o2", ["orchestrator"]))
      yield* sees(mine, "orchestrator", ["o1", "o2"])
      const own: Array<Command> = []
      const local = yield* Orchestrator.ofCalls((one) => Effect.sync(() => (own.push(one), answerTo(one))))
      const { ask } = yield* Effect.provide(RemoteOrchestrator.make({ local }), mine)
      const commands = Array.from({ length: 40 }, command)
      assert.deepStrictEqual(yield* Effect.forEach(commands, ask, { concurrency: "unbounded" }), commands.map(answerTo))
      assert.sameDeepMembers([...own, ...others], commands)
      for (const { command, tenantId } of own) {
        assert.strictEqual(rendezvous(partitionOf(tenantId, command.callId), ["o1", "o2"])[0], "o1")
      }
      assert.isAbove(own.length, 0)
    })
  )
})
