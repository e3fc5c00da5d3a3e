/** The bus while its server is away, and after it has come back, with its disk or without. */
import { consuming, type EventBus } from "@dueline/contracts/ports/EventBus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import { Nats } from "@dueline/nats/Nats"
import { Topology } from "@dueline/nats/Topology"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing, temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { startNats } from "@dueline/test-servers/startNats"
import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Result, type Scope } from "effect"
import { rmSync } from "node:fs"
import { join } from "node:path"
import { describe } from "vitest"
import { listen, message, payloadsOf } from "./BusProbe.ts"
import { freshPrefix, served, until } from "./NatsUnderTest.ts"

const ack = { _tag: "Ack" as const }

/** A server that the test may do to what it likes, and a bus on it. */
const world = Effect.fnUntraced(function* <A, E>(
  test: (world: {
    readonly bus: EventBus["Service"]
    readonly nats: Nats["Service"]
    readonly stream: string
    readonly kill: Effect.Effect<void>
    readonly start: Effect.Effect<void>
    readonly wipe: Effect.Effect<void>
  }) => Effect.Effect<A, E, Scope.Scope>
) {
  const directory = yield* Effect.promise(temporaryDirectory)
  let server = yield* Effect.promise(() => startNats({ directory, syncAlways: false }))
  const { port, url } = server
  const prefix = freshPrefix()
  yield* Effect.scoped(
    Effect.gen(function* () {
      const nats = yield* Nats
      const { wanted } = yield* Topology
      const bus = yield* EventBusNats.make({ ackWaitMs: 2_000, backoff: { initialMs: 20, maxMs: 100 } })
      return yield* test({
        bus,
        nats,
        stream: wanted.events.name,
        kill: Effect.promise(() => server.kill()),
        start: Effect.promise(async () => void (server = await startNats({ directory, port, syncAlways: false }))),
        wipe: Effect.sync(() => rmSync(join(directory, "jetstream"), { recursive: true }))
      })
    })
  ).pipe(Effect.provide(served(prefix, url)))
  yield* Effect.promise(() => server.stop())
})

/** Publishes until it succeeds: the bus has told of its absence with its own error and nothing else. */
const publishUntilTaken = Effect.fnUntraced(function* (bus: EventBus["Service"], one: ReturnType<typeof message>) {
  for (let round = 0; round < 300; round += 1) {
    const result = yield* Effect.result(bus.publish(one))
    if (Result.isSuccess(result)) return
    assert.strictEqual(result.failure._tag, "BusUnavailable")
    assert.strictEqual(result.failure.scope, "bus")
    yield* Effect.sleep(50)
  }
  assert.fail("the bus does not come back")
})

describe.skipIf(await missing("nats"))("the bus through outages", () => {
  it.live("a server that lost its disk is set up again, and all who listened hear what is published from then on", () =>
    world(({ bus, kill, start, wipe }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const durable = yield* listen(bus, { group: "durable" })
        const transient = yield* listen(bus, { group: "transient", transient: true })
        for (const n of [1, 2, 3]) yield* bus.publish(message(tenant, n))
        yield* until("before", () => durable.length === 3 && transient.length === 3)
        yield* kill
        yield* wipe
        yield* start
        for (const n of [4, 5]) yield* publishUntilTaken(bus, message(tenant, n))
        yield* until("after", () => durable.length >= 5 && transient.length >= 5)
        assert.deepStrictEqual(payloadsOf(durable), [1, 2, 3, 4, 5])
        assert.deepStrictEqual(payloadsOf(transient), [1, 2, 3, 4, 5])
      })
    )
  )

  it.live(
    "a process that starts while the server is away goes on, and takes its group's messages when it is back",
    () =>
      world(({ bus, kill, start }) =>
        Effect.gen(function* () {
          const tenant = Sample.tenantId()
          const heard: Array<unknown> = []
          const handler = ({ payload }: { readonly payload: unknown }) => Effect.sync(() => (heard.push(payload), ack))
          yield* kill
          yield* consuming(bus, { group: "late", topics: [] }, handler)
          yield* start
          yield* publishUntilTaken(bus, message(tenant, 1))
          yield* until("the message", () => heard.length === 1)
          yield* bus.publish(message(tenant, 2))
          yield* until("the next", () => heard.length === 2)
          assert.deepStrictEqual(heard, [1, 2])
        })
      )
  )

  it.live("a server that lost its disk is set up again by who only publishes", () =>
    world(({ bus, kill, nats, start, stream, wipe }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        yield* bus.publish(message(tenant, 1))
        yield* kill
        yield* wipe
        yield* start
        yield* publishUntilTaken(bus, message(tenant, 2))
        yield* Effect.promise(() => nats.manager.streams.delete(stream))
        yield* bus.publish(message(tenant, 3))
        const { state } = yield* Effect.promise(() => nats.manager.streams.info(stream))
        assert.strictEqual(state.messages, 1)
      })
    )
  )

  it.live("a message that is too large is refused as such, and others are not", () =>
    world(({ bus }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const refused = yield* Effect.flip(bus.publish(message(tenant, "x".repeat(2_000_000))))
        assert.strictEqual(refused.scope, "message")
        yield* bus.publish(message(tenant, "x"))
      })
    )
  )

  it.live("acknowledging what came from the lost disk loses nothing of the new one", () =>
    world(({ bus, kill, start, wipe }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const release = yield* Deferred.make<void>()
        const heard = yield* listen(bus, { group: "one" }, ({ payload }) =>
          payload === "old 1" ? Effect.as(Deferred.await(release), ack) : Effect.succeed(ack)
        )
        yield* bus.publish(message(tenant, "old 1"))
        yield* bus.publish(message(tenant, "old 2"))
        yield* until("the first", () => heard.length === 1)
        yield* kill
        yield* wipe
        yield* start
        // The new first message has the place in the stream that the old one had, and waits in its lane.
        yield* publishUntilTaken(bus, message(tenant, "new 1"))
        yield* publishUntilTaken(bus, message(tenant, "new 2"))
        yield* Effect.sleep(500)
        yield* Deferred.succeed(release, undefined)
        yield* until("the new ones", () => heard.length >= 3)
        assert.deepStrictEqual(payloadsOf(heard), ["old 1", "new 1", "new 2"])
      })
    )
  )

  it.live(
    "while the server is away publishing fails at once; what was held goes on, and nothing is lost or told twice",
    () =>
      world(({ bus, kill, nats, start }) =>
        Effect.gen(function* () {
          const tenant = Sample.tenantId()
          const release = yield* Deferred.make<void>()
          const heard = yield* listen(bus, { group: "one" }, ({ payload }) =>
            payload === 1 ? Effect.as(Deferred.await(release), ack) : Effect.succeed(ack)
          )
          for (const n of [1, 2, 3]) yield* bus.publish(message(tenant, n))
          yield* until("the first", () => heard.length === 1)
          yield* kill
          yield* until("noticed", () => !nats.connected())
          const asked = yield* Effect.timeoutOption(Effect.flip(bus.publish(message(tenant, "lost"))), 1_000)
          assert.strictEqual(asked._tag, "Some")
          // Its acknowledgement goes nowhere, and the server will send it again.
          yield* Deferred.succeed(release, undefined)
          yield* start
          yield* publishUntilTaken(bus, message(tenant, 4))
          yield* until("the rest", () => heard.length >= 4)
          yield* Effect.sleep(3_000)
          assert.deepStrictEqual(payloadsOf(heard), [1, 2, 3, 4])
        })
      )
  )

  it.live("a consumer that somebody deletes is made again, and nothing is missed or told twice", () =>
    world(({ bus, nats, stream }) =>
      Effect.gen(function* () {
        const tenant = Sample.tenantId()
        const durable = yield* listen(bus, { group: "durable" })
        const transient = yield* listen(bus, { group: "transient", transient: true })
        for (const n of [1, 2]) yield* bus.publish(message(tenant, n))
        yield* until("before", () => durable.length === 2 && transient.length === 2)
        yield* Effect.promise(async () => {
          for await (const { name } of nats.manager.consumers.list(stream))
            await nats.manager.consumers.delete(stream, name)
        })
        yield* bus.publish(message(tenant, 3))
        yield* until("after", () => durable.length >= 3 && transient.length >= 3)
        yield* Effect.sleep(500)
        assert.deepStrictEqual(payloadsOf(durable), [1, 2, 3])
        assert.deepStrictEqual(payloadsOf(transient), [1, 2, 3])
      })
    )
  )
})
