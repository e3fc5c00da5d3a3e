/** The streams come to be as they must, from one process or several, and what cannot be made so is said. */
import * as BusStatus from "@dueline/nats/BusStatus"
import * as ForgetTenant from "@dueline/nats/forgetTenant"
import { dueSubject, eventSubject } from "@dueline/nats/Subjects"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { TenantId } from "@dueline/contracts/Ids"
import { Nats } from "@dueline/nats/Nats"
import { StreamRefused } from "@dueline/nats/ensureStream"
import * as Topology from "@dueline/nats/Topology"
import { wantedStreams } from "@dueline/nats/wantedStreams"
import { missing, natsUrl } from "@dueline/test-servers/sharedServers"
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Layer } from "effect"
import { describe } from "vitest"
import { connected, freshPrefix } from "./NatsUnderTest.ts"

const streamsOf = Effect.fnUntraced(function* () {
  const nats = yield* Nats
  return wantedStreams(nats.prefix, 1)
})

describe.skipIf(await missing("nats"))("the streams", () => {
  it.live("are made, kept, and told apart from others of the same name", () =>
    Effect.gen(function* () {
      const { manager } = yield* Nats
      const { ensure, wanted } = yield* Topology.make()
      const first = yield* ensure
      assert.deepStrictEqual(yield* ensure, first)
      yield* Effect.promise(() => manager.streams.delete(wanted.events.name))
      const second = yield* ensure
      assert.notStrictEqual(second.events, first.events)
      assert.strictEqual(second.due, first.due)
    }).pipe(Effect.provide(connected()))
  )

  it.live("two processes that make them at once make them once", () =>
    Effect.gen(function* () {
      const prefix = freshPrefix()
      const process = Effect.scoped(
        Effect.flatMap(Topology.make(), ({ ensure }) => ensure).pipe(Effect.provide(connected(prefix)))
      )
      const all = yield* Effect.all([process, process, process, process], { concurrency: "unbounded" })
      for (const one of all) assert.deepStrictEqual(one, all[0])
    })
  )

  it.live("keep nothing of a tenant that is forgotten, and everything of another", () =>
    Effect.gen(function* () {
      const { jetstream, manager, prefix } = yield* Nats
      const topology = yield* Topology.make()
      const { ensure, wanted } = topology
      yield* ensure
      const forget = yield* Effect.provideService(ForgetTenant.make, Topology.Topology, topology)
      const tenants = ["5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10", "5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a11"] as const
      const subjectsOf = (tenantId: string) => [
        eventSubject(prefix, { tenantId, topic: "ops.service-call.failed", streamId: "s" } as BusMessage),
        dueSubject(prefix, { tenantId, callId: "c", revision: 1 } as Alarm)
      ]
      for (const tenantId of tenants)
        for (const subject of subjectsOf(tenantId)) yield* Effect.promise(() => jetstream.publish(subject, "canary"))
      yield* forget(tenants[0] as TenantId)
      const left: Array<string> = []
      for (const { name } of [wanted.events, wanted.due]) {
        const { state } = yield* Effect.promise(() => manager.streams.info(name, { subjects_filter: ">" }))
        left.push(...Object.keys(state.subjects ?? {}))
      }
      assert.sameMembers(left, subjectsOf(tenants[1]))
    }).pipe(Effect.provide(connected()))
  )

  it.live("are changed where that is possible, and what an operator has set besides stays", () =>
    Effect.gen(function* () {
      const { manager } = yield* Nats
      const { events } = yield* streamsOf()
      yield* Effect.promise(() =>
        manager.streams.add({
          ...events,
          max_age: 1_200_000_000_000,
          max_bytes: 1_000_000,
          subjects: [`${events.name}.>`]
        })
      )
      yield* (yield* Topology.make()).ensure
      const { config } = yield* Effect.promise(() => manager.streams.info(events.name))
      assert.strictEqual(config.max_age, events.max_age)
      assert.deepStrictEqual(config.subjects, events.subjects)
      assert.strictEqual(config.max_bytes, 1_000_000)
    }).pipe(Effect.provide(connected()))
  )

  it.live("one that cannot be changed is named with the difference, and the layer fails", () =>
    Effect.gen(function* () {
      const nats = yield* Nats
      const { due, events } = yield* streamsOf()
      yield* Effect.promise(() => nats.manager.streams.add({ ...events, storage: "memory" }))
      const failed = yield* Effect.flip(Effect.scoped(Layer.build(Topology.layer())))
      assert.deepStrictEqual(failed, new StreamRefused({ stream: events.name, problem: failed.problem }))
      assert.include(failed.message, `stream ${events.name}: storage is "memory" instead of "file"`)
      yield* Effect.promise(() => nats.manager.streams.delete(events.name))
      yield* Effect.promise(() => nats.manager.streams.add({ name: due.name, subjects: due.subjects }))
      const other = yield* Effect.flip(Effect.scoped(Layer.build(Topology.layer())))
      assert.include(other.message, `stream ${due.name}: retention is "limits" instead of "workqueue"`)
    }).pipe(Effect.provide(connected()))
  )

  it.live("three replicas on a single server are refused in the server's words", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(Topology.layer({ replicas: 3 }))))
      assert.isTrue(Exit.isFailure(exit))
      const failed = yield* Effect.flip(Effect.scoped(Layer.build(Topology.layer({ replicas: 3 }))))
      assert.include(failed.message, "replicas > 1 not supported")
    }).pipe(Effect.provide(connected()))
  )

  it.live("the status tells what lies there, who is behind, what is missing and what is otherwise than wanted", () =>
    Effect.gen(function* () {
      const nats = yield* Nats
      const empty = yield* BusStatus.busStatus()
      assert.deepStrictEqual(
        empty.streams.map(({ exists, messages }) => [exists, messages]),
        [
          [false, 0],
          [false, 0]
        ]
      )
      const { wanted } = yield* Effect.tap(Topology.make(), ({ ensure }) => ensure)
      const { name } = wanted.events
      yield* Effect.promise(() => nats.manager.streams.update(name, { max_age: 1_200_000_000_000 }))
      yield* Effect.promise(() =>
        nats.manager.consumers.add(name, {
          durable_name: "reader",
          ack_policy: "explicit",
          metadata: { group: "the readers" }
        })
      )
      for (const n of [1, 2, 3])
        yield* Effect.promise(() => nats.jetstream.publish(`${nats.prefix}.evt.0.a.b.c`, String(n)))
      const taken = yield* Effect.promise(async () => (await nats.jetstream.consumers.get(name, "reader")).next())
      assert.strictEqual(taken?.string(), "1")
      const { rttMs, server, streams } = yield* BusStatus.busStatus()
      assert.include(yield* Effect.promise(natsUrl), server)
      assert.isAtLeast(rttMs, 0)
      const [events] = streams
      assert.isDefined(events?.lastAt)
      assert.deepStrictEqual(events?.differences, [
        { setting: "max_age", wanted: wanted.events.max_age, found: 1_200_000_000_000 }
      ])
      assert.deepStrictEqual([events.messages, events.firstSequence, events.lastSequence], [3, 1, 3])
      assert.deepStrictEqual(events.consumers, [
        {
          name: "reader",
          group: "the readers",
          filters: [">"],
          pending: 2,
          ackPending: 1,
          redelivered: 0,
          waitingPulls: 0
        }
      ])
    }).pipe(Effect.provide(connected()))
  )
})
