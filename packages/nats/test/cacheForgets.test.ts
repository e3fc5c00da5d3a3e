/** Two processes, each with a cache of its own in memory: what one changed the other does not go on serving. */
import { forgottenOn, makeCached } from "@dueline/contracts/cache/Cached"
import * as CacheMemory from "@dueline/contracts/memory/CacheMemory"
import { CacheStore } from "@dueline/contracts/ports/CacheStore"
import { EventBus } from "@dueline/contracts/ports/EventBus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, it } from "@effect/vitest"
import { Effect, Layer, Schema } from "effect"
import { describe } from "vitest"
import { message } from "./BusProbe.ts"
import { freshPrefix, served, until } from "./NatsUnderTest.ts"

/** What is asked for, and how often it was looked up. */
interface Source {
  value: string
  looks: number
}

/** With a connection, a bus and a cache of its own. */
const process = (prefix: string, group: string, source: Source) =>
  Effect.gen(function* () {
    const connection = yield* Layer.build(served(prefix))
    const bus = yield* Effect.provideContext(EventBusNats.make({}), connection)
    const cached = yield* makeCached({
      nameOf: (tenant) => `ops:${tenant}:overview`,
      value: Schema.String,
      // Longer than the test, so that nothing is forgotten by itself.
      ttlMs: () => 3_600_000,
      find: () =>
        Effect.sync(() => {
          source.looks += 1
          return source.value
        })
    }).pipe(Effect.provideService(CacheStore, CacheMemory.make()))
    let told = 0
    yield* forgottenOn(cached, group, ["ops.service-call.succeeded"], ({ tenantId }) => {
      told += 1
      return [tenantId]
    }).pipe(Effect.provideService(EventBus, bus))
    return { bus, cached, told: () => told }
  })

describe.skipIf(await missing("nats"))("caches of several processes", () => {
  it.live(
    "what one changes is forgotten by all, and nothing else is",
    () =>
      Effect.gen(function* () {
        const [prefix, source] = [freshPrefix(), { value: "old", looks: 0 }]
        const processes = [yield* process(prefix, "one", source), yield* process(prefix, "two", source)] as const
        const [tenant, other] = [Sample.tenantId(), Sample.tenantId()]
        const both = (of: string) => Effect.forEach(processes, ({ cached }) => cached.get(of))
        const all = (of: string) => Effect.map(both(of), (values) => [...values])
        // A listener hears what is published once it is there.
        const hears = Sample.tenantId()
        yield* Effect.gen(function* () {
          yield* processes[0].bus.publish(message(hears, null))
          yield* Effect.sleep(20)
        }).pipe(Effect.repeat({ until: () => processes.every(({ told }) => told() > 0) }))
        assert.deepStrictEqual(
          [yield* all(tenant), yield* all(other)],
          [
            ["old", "old"],
            ["old", "old"]
          ]
        )
        assert.deepStrictEqual([yield* all(tenant), source.looks], [["old", "old"], 4])

        source.value = "new"
        const before = processes.map(({ told }) => told())
        yield* processes[0].bus.publish(message(tenant, null))
        yield* until("both were told", () => processes.every(({ told }, n) => told() > (before[n] ?? 0)))
        assert.deepStrictEqual(
          [yield* all(tenant), yield* all(other)],
          [
            ["new", "new"],
            ["old", "old"]
          ]
        )
        assert.strictEqual(source.looks, 6)
      }).pipe(Effect.scoped),
    { timeout: 60_000, tags: ["ADR-0050.5"] }
  )
})
