/** Which messages are told to the store as heard by nobody: none before all consumers are there, and none that a group has ever taken. */
import { callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { ack, EventBus, listen } from "@dueline/contracts/ports/EventBus"
import { type Commit, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Hearing, sparing } from "../src/Hearing.ts"

const nobody = () => null

const topics = ["heard", "unheard", callbackTopic]
const messages = topics.map((topic) => ({ ...Sample.message(), topic }))

it.effect("messages of topics that no group takes are marked once all consumers are there, and callbacks never", () =>
  Effect.gen(function* () {
    const hearing = yield* Hearing
    const committed: Array<Commit> = []
    const store = {
      load: () => Effect.succeed([]),
      commit: (batch: ReadonlyArray<Commit>) => Effect.sync(() => void committed.push(...batch))
    }
    const { commit } = sparing(store, hearing, nobody)
    const marked = Effect.map(commit([Sample.commit(Sample.target(), { outbox: messages })]), () =>
      committed.pop()?.outbox.map(({ unheard }) => unheard)
    )
    const consuming = Effect.scoped(
      (yield* EventBus).consume({ group: "g", topics: ["heard"] }, () => Effect.succeed(ack))
    )
    yield* consuming
    assert.deepStrictEqual(yield* marked, [undefined, undefined, undefined])
    hearing.begin()
    // The group has left: it comes back after a restart and has to find what came meanwhile.
    assert.deepStrictEqual(yield* marked, [undefined, true, undefined])
    yield* Effect.scoped((yield* EventBus).consume({ group: "all", topics: [] }, () => Effect.succeed(ack)))
    assert.deepStrictEqual(yield* marked, [undefined, undefined, undefined])
  }).pipe(Effect.provide(Hearing.layer.pipe(Layer.provideMerge(EventBusMemory.layer()))))
)

it.effect(
  "between processes a message is spared and told when the bus says that nobody takes it, without waiting for consumers here",
  () => {
    const told: Array<string> = []
    const bus = EventBus.of({
      publish: () => Effect.void,
      consume: () => Effect.void,
      spared: {
        isHeard: (topic) => topic === "heard",
        tell: ({ topic }) => void told.push(topic),
        overhear: () => Effect.void
      }
    })
    return Effect.gen(function* () {
      const hearing = yield* Hearing
      const committed: Array<Commit> = []
      const store = {
        load: () => Effect.succeed([]),
        commit: (batch: ReadonlyArray<Commit>) => Effect.sync(() => void committed.push(...batch))
      }
      const { commit } = sparing(store, hearing, nobody)
      yield* commit([Sample.commit(Sample.target(), { outbox: messages.slice(0, 2) })])
      assert.deepStrictEqual(
        committed[0]?.outbox.map(({ unheard }) => unheard),
        [undefined, true]
      )
      assert.deepStrictEqual([told, hearing.wasFilled()], [["unheard"], true])
    }).pipe(Effect.provide(Hearing.layer.pipe(Layer.provide(Layer.succeed(EventBus, bus)))))
  },
  { tags: ["ADR-0056.1"] }
)

it.effect("who only overhears is told of each message once it is committed, and keeps none in the outbox", () =>
  Effect.gen(function* () {
    const hearing = yield* Hearing
    const bus = yield* EventBus
    let away = false
    const store = {
      load: () => Effect.succeed([]),
      commit: () => (away ? Effect.fail(new StoreUnavailable({ operation: "commit", cause: "away" })) : Effect.void)
    }
    const { commit } = sparing(store, hearing, nobody)
    const told: Array<string> = []
    yield* listen(bus, "l", ["overheard"], ({ eventId }) => {
      told.push(eventId)
      return null
    })
    const message = { ...Sample.message(), topic: "overheard" }
    const target = Sample.target()
    const once = commit([Sample.commit(target, { outbox: [message] })])
    yield* once
    // Before all consumers are there it has its place in the outbox, and is told when it is published from there.
    assert.deepStrictEqual([told, hearing.wasFilled()], [[], true])
    const { eventId, payload, topic } = message
    const published = { eventId, payload, topic, tenantId: target.tenantId, streamId: Sample.streamOf(target.callId) }
    yield* bus.publish(published)
    assert.deepStrictEqual(told, [eventId])
    hearing.begin()
    away = true
    yield* Effect.exit(once)
    assert.deepStrictEqual([told, hearing.wasFilled()], [[eventId], false])
    away = false
    yield* once
    assert.deepStrictEqual([told, hearing.wasFilled()], [[eventId, eventId], false])
  }).pipe(Effect.scoped, Effect.provide(Hearing.layer.pipe(Layer.provideMerge(EventBusMemory.layer()))))
)

it.effect(
  "a message that is taken over has no row, is handed over once it is durable, and is given back when it is not",
  () =>
    Effect.gen(function* () {
      const hearing = yield* Hearing
      const marks: Array<boolean | undefined> = []
      let away = true
      const store = {
        load: () => Effect.succeed([]),
        commit: (batch: ReadonlyArray<Commit>) =>
          Effect.suspend(() => {
            marks.push(...batch.flatMap(({ outbox }) => outbox.map(({ unheard }) => unheard)))
            return away ? Effect.fail(new StoreUnavailable({ operation: "commit", cause: "away" })) : Effect.void
          })
      }
      const said: Array<string> = []
      const say = (what: string, topic: string) => void said.push(`${what} ${topic}`)
      const { commit } = sparing(store, hearing, ({ topic }) =>
        topic === "heard" ? { take: () => say("take", topic), release: () => say("release", topic) } : null
      )
      const once = commit([Sample.commit(Sample.target(), { outbox: messages })])
      yield* Effect.exit(once)
      assert.deepStrictEqual(said, ["release heard"])
      away = false
      yield* once
      assert.deepStrictEqual(said, ["release heard", "take heard"])
      assert.deepStrictEqual(marks, [true, undefined, undefined, true, undefined, undefined])
      // Nor is one taken over that asks for what stands in its very commit.
      yield* commit([
        Sample.commit(Sample.target(), { outbox: [{ ...Sample.message(), topic: "heard", unheard: true }] })
      ])
      assert.deepStrictEqual([said.length, marks.at(-1)], [2, true])
    }).pipe(Effect.provide(Hearing.layer.pipe(Layer.provideMerge(EventBusMemory.layer()))))
)
