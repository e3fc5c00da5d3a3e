/** A group with several processes in it: one is given the messages, and order holds when another takes its place. */
import type { Delivery, EventBus, Verdict } from "@dueline/contracts/ports/EventBus"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import { busStatus } from "@dueline/nats/BusStatus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import { Nats } from "@dueline/nats/Nats"
import { Topology } from "@dueline/nats/Topology"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing, natsUrl } from "@dueline/test-servers/sharedServers"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { spawn } from "node:child_process"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { describe } from "vitest"
import { listen, message, payloadsOf } from "./BusProbe.ts"
import { freshPrefix, served, until } from "./NatsUnderTest.ts"

const ack: Verdict = { _tag: "Ack" }

/** Another process in the group, and what it has heard. */
const member = (prefix: string, group: string, options: EventBusNats.Options) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const program = join(import.meta.dirname, "busMember.fixture.ts")
      const settings = [await natsUrl(), prefix, group, JSON.stringify(options)]
      const child = spawn(process.execPath, [program, ...settings], { stdio: ["ignore", "pipe", "inherit"] })
      const said: Array<unknown> = []
      createInterface(child.stdout).on("line", (line) => {
        if (/^["\d]/u.test(line)) said.push(JSON.parse(line))
      })
      const gone = new Promise((resolve) => child.once("exit", resolve))
      const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
      const kill = Effect.andThen(
        signal("SIGKILL"),
        Effect.promise(() => gone)
      )
      return { said, signal, kill }
    }),
    ({ kill }) => kill
  )

const publishAll = (
  bus: EventBus["Service"],
  tenant: ReturnType<typeof Sample.tenantId>,
  payloads: ReadonlyArray<unknown>
) => Effect.forEach(payloads, (payload) => bus.publish(message(tenant, payload)))

/** A prefix of its own, and a bus of this process on it. */
const world = <A, E>(
  options: EventBusNats.Options,
  test: (world: {
    readonly bus: EventBus["Service"]
    readonly prefix: string
  }) => Effect.Effect<A, E, Scope.Scope | Nats | Topology>
) => {
  const prefix = freshPrefix()
  const inside = Effect.flatMap(EventBusNats.make(options), (bus) => test({ bus, prefix }))
  return Effect.provide(Effect.scoped(inside), served(prefix))
}

describe.skipIf(await missing("nats"))("a group of several processes", () => {
  it.live(
    "what a killed member had comes to the next before anything that is newer, with the next attempt number",
    () => {
      const options = { ackWaitMs: 9_000 }
      return world(options, ({ bus, prefix }) =>
        Effect.gen(function* () {
          const tenant = Sample.tenantId()
          const first = yield* member(prefix, "one", options)
          yield* until("a first member", () => first.said.includes("ready"))
          yield* publishAll(bus, tenant, ["a", "stuck", "b"])
          yield* until("it is stuck", () => first.said.includes("stuck"))
          const heard = yield* listen(bus, { group: "one" })
          yield* publishAll(bus, tenant, ["c"])
          yield* first.kill
          // Once the server knows that it is gone, these two are the first that the next member is given.
          yield* Effect.sleep(500)
          yield* publishAll(bus, tenant, ["d", "e"])
          yield* until("the rest", () => heard.length >= 5)
          assert.deepStrictEqual(payloadsOf(heard), ["stuck", "b", "c", "d", "e"])
          assert.deepStrictEqual(first.said, ["ready", "a", "stuck"])
          assert.strictEqual(heard[0]?.attempt, 2)
        })
      )
    }
  )

  it.live("a member that leaves properly gives back what it has not done, in order", () => {
    const options = { ackWaitMs: 300_000 }
    return world(options, ({ bus, prefix }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const first = yield* member(prefix, "one", options)
        yield* until("a first member", () => first.said.includes("ready"))
        yield* publishAll(bus, tenant, ["stuck", "b", "c"])
        yield* until("it is stuck", () => first.said.includes("stuck"))
        const heard = yield* listen(bus, { group: "one" })
        yield* first.signal("SIGTERM")
        yield* publishAll(bus, tenant, ["d"])
        yield* until("the rest", () => heard.length >= 4)
        assert.deepStrictEqual(payloadsOf(heard), ["stuck", "b", "c", "d"])
      })
    )
  })

  it.live("a member that was stopped for too long begins nothing that is another's by now", () => {
    const options = { ackWaitMs: 2_000 }
    return world(options, ({ bus, prefix }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const first = yield* member(prefix, "one", options)
        yield* until("a first member", () => first.said.includes("ready"))
        const heard = yield* listen(bus, { group: "one" })
        yield* publishAll(bus, tenant, ["a"])
        yield* until("it works", () => first.said.includes("a"))
        yield* publishAll(bus, tenant, ["slow", "b", "c"])
        yield* until("it is slow", () => first.said.includes("slow"))
        yield* first.signal("SIGSTOP")
        yield* publishAll(bus, tenant, ["d"])
        yield* until("the other one has them", () => heard.length >= 4)
        yield* first.signal("SIGCONT")
        yield* Effect.sleep(3_000)
        assert.deepStrictEqual(first.said, ["ready", "a", "slow"])
        assert.deepStrictEqual(payloadsOf(heard), ["slow", "b", "c", "d"])
      })
    )
  })

  it.live("a burst is not split: one member hears all of it, each tenant's messages in order", () =>
    world({}, ({ bus }) =>
      Effect.gen(function* () {
        const tenants = [Sample.tenantId(), Sample.tenantId(), Sample.tenantId()]
        const members = [yield* listen(bus, { group: "one" }), yield* listen(bus, { group: "one" })]
        const numbers = Array.from({ length: 400 }, (_, n) => n)
        const all = numbers.flatMap((n) => tenants.map((tenant) => message(tenant, n)))
        yield* Effect.forEach(all, (one) => bus.publish(one), { concurrency: "unbounded", discard: true })
        const count = () => members.reduce((sum, { length }) => sum + length, 0)
        yield* until("all of them", () => count() >= 1_200)
        assert.sameMembers(
          members.map(({ length }) => length),
          [0, 1_200]
        )
        const heard: ReadonlyArray<Delivery> = members.flat()
        for (const tenant of tenants)
          assert.deepStrictEqual(payloadsOf(heard.filter(({ tenantId }) => tenantId === tenant)), numbers)
      })
    )
  )

  it.live("a group keeps its place while nobody is in it; a transient one is forgotten and starts anew", () =>
    world({}, ({ bus }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const visit = Effect.fnUntraced(function* (transient: boolean) {
          const scope = yield* Scope.make()
          const heard = yield* Scope.provide(listen(bus, { group: "one", transient }), scope)
          return { heard, leave: Scope.close(scope, Exit.void) }
        })
        const [durable, transient] = [yield* visit(false), yield* visit(true)]
        yield* publishAll(bus, tenant, [1])
        yield* until("both hear it", () => durable.heard.length === 1 && transient.heard.length === 1)
        yield* durable.leave
        yield* transient.leave
        yield* publishAll(bus, tenant, [2])
        const [again, anew] = [yield* visit(false), yield* visit(true)]
        yield* publishAll(bus, tenant, [3])
        yield* until("both hear the third", () => again.heard.length >= 2 && anew.heard.length >= 1)
        assert.deepStrictEqual(payloadsOf(again.heard), [2, 3])
        assert.deepStrictEqual(payloadsOf(anew.heard), [3])
        const { manager } = yield* Nats
        const { wanted } = yield* Topology
        yield* anew.leave
        yield* again.leave
        const left = yield* Effect.promise(() => manager.streams.info(wanted.events.name))
        assert.strictEqual(left.state.consumer_count, 1)
      })
    )
  )

  it.live("a message that is tried again for longer than the server has patience stays where it is", () =>
    world({ ackWaitMs: 1_000, backoff: { initialMs: 400, maxMs: 400 } }, ({ bus }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const heard = yield* listen(bus, { group: "one" }, ({ attempt, payload }) =>
          Effect.succeed(payload === "a" && attempt < 8 ? { _tag: "Retry", reason: "not yet" } : ack)
        )
        yield* publishAll(bus, tenant, ["a", "b", "c"])
        yield* until("the sixth attempt", () => heard.length >= 6)
        const [events] = (yield* busStatus()).streams
        assert.deepStrictEqual(
          events?.consumers.map(({ ackPending, redelivered }) => [ackPending, redelivered]),
          [[3, 0]]
        )
        yield* until("the last", () => payloadsOf(heard).includes("c"))
        assert.deepStrictEqual(
          heard.map(({ attempt, payload }) => `${String(payload)} ${attempt}`),
          ["a 1", "a 2", "a 3", "a 4", "a 5", "a 6", "a 7", "a 8", "b 1", "c 1"]
        )
      })
    )
  )

  it.live("what is given up is told with its reasons, and stays told until that has succeeded", () => {
    const dead: Array<DeadLetter> = []
    const told = Deferred.makeUnsafe<void>()
    const options: EventBusNats.Options = {
      maxAttempts: 3,
      backoff: { initialMs: 5, maxMs: 10 },
      onDead: (letter) =>
        Effect.andThen(
          Effect.sync(() => dead.push(letter)),
          Deferred.await(told)
        )
    }
    return world(options, ({ bus }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const heard = yield* listen(bus, { group: "one" }, ({ attempt, payload }) =>
          Effect.succeed(payload === "next" ? ack : { _tag: "Retry", reason: `no ${attempt}` })
        )
        const poison = message(tenant, "poison")
        yield* bus.publish(poison)
        yield* publishAll(bus, tenant, ["next"])
        yield* until("given up", () => dead.length > 0)
        assert.deepStrictEqual(dead, [{ group: "one", message: poison, reasons: ["no 1", "no 2", "no 3"] }])
        assert.notInclude(payloadsOf(heard), "next")
        yield* Deferred.succeed(told, undefined)
        yield* until("the next", () => payloadsOf(heard).includes("next"))
      })
    )
  })
})
