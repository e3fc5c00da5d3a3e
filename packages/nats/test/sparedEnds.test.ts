/** Which ends of calls go by the bus: those that somebody takes, whoever made the consumer, and all of them in doubt. The rest is told. */
import { ack, type EventBus, listenLoosely, type Mention } from "@dueline/contracts/ports/EventBus"
import * as EventBusNats from "@dueline/nats/bus/EventBusNats"
import { Nats } from "@dueline/nats/Nats"
import { Topology } from "@dueline/nats/Topology"
import * as Sample from "@dueline/port-contracts/Sample"
import { missing } from "@dueline/test-servers/sharedServers"
import { assert, describe, it } from "@effect/vitest"
import { AckPolicy } from "@nats-io/jetstream"
import { Effect } from "effect"
import { takes } from "../src/bus/HeardTopics.ts"
import { mentionLine, readMention } from "../src/bus/SparedEnds.ts"
import { token } from "../src/Subjects.ts"
import { message } from "./BusProbe.ts"
import { served, until } from "./NatsUnderTest.ts"

const succeeded = "ops.service-call.succeeded"
const cancelled = "ops.service-call.cancelled"
const failed = "ops.service-call.failed"
const quick = { lookMs: 20, doubtMs: 0 }

const made = Effect.gen(function* () {
  const bus = yield* EventBusNats.make({ heard: quick })
  const { spared } = bus
  if (spared === undefined) return assert.fail("the bus spares nothing")
  return { bus, spared }
})

const spares = (bus: NonNullable<EventBus["Service"]["spared"]>, topic: string) =>
  until(`nobody takes ${topic}`, () => !bus.isHeard(topic))
const hears = (bus: NonNullable<EventBus["Service"]["spared"]>, topic: string) =>
  until(`somebody takes ${topic}`, () => bus.isHeard(topic))

describe.skipIf(await missing("nats"))("ends of calls that nobody takes", () => {
  it.live(
    "do not go by the bus, and whoever waits for one is told of it in any process",
    () =>
      Effect.gen(function* () {
        const [{ bus: edge }, { spared }] = [yield* made, yield* made]
        const told: Array<Mention> = []
        yield* listenLoosely(edge, "edge", [succeeded], (mention) => {
          told.push(mention)
          return null
        })
        yield* spares(spared, succeeded)
        const { streamId, tenantId } = message(Sample.tenantId(), null)
        spared.tell({ streamId, tenantId, topic: cancelled })
        spared.tell({ streamId, tenantId, topic: succeeded })
        yield* until("it is told", () => told.length > 0)
        assert.deepStrictEqual(told, [{ streamId, tenantId, topic: succeeded }])
        // The group that waits is there all the same, for what other processes publish.
        yield* edge.publish(message(tenantId, "published"))
        yield* until("what is published is heard too", () => told.length > 1)
      }).pipe(Effect.scoped, Effect.provide(served())),
    { tags: ["ADR-0056.1"] }
  )

  it.live(
    "go by the bus from when a group is there that takes them, also while it is away",
    () =>
      Effect.gen(function* () {
        const { bus, spared } = yield* made
        const { manager, prefix } = yield* Nats
        const { wanted } = yield* Topology
        yield* spares(spared, succeeded)
        const group = { group: "g", topics: [succeeded] }
        yield* Effect.scoped(bus.consume(group, () => Effect.succeed(ack)))
        yield* hears(spared, succeeded)
        yield* Effect.promise(async () => {
          for await (const { name } of manager.consumers.list(wanted.events.name))
            await manager.consumers.delete(wanted.events.name, name)
        })
        // Once this one is seen, the group's was seen to be gone.
        const config = {
          name: "theirs",
          ack_policy: AckPolicy.None,
          filter_subject: `${prefix}.evt.*.*.${token(cancelled)}.*`
        }
        yield* Effect.promise(() => manager.consumers.add(wanted.events.name, config))
        yield* hears(spared, cancelled)
        assert.deepStrictEqual([spared.isHeard(succeeded), spared.isHeard(failed)], [true, false])
      }).pipe(Effect.scoped, Effect.provide(served())),
    { tags: ["ADR-0056.2"] }
  )

  it.live(
    "go by the bus for a consumer that another program made, for as long as that is there",
    () =>
      Effect.gen(function* () {
        const { spared } = yield* made
        const { manager, prefix } = yield* Nats
        const { wanted } = yield* Topology
        yield* spares(spared, succeeded)
        const config = { name: "theirs", ack_policy: AckPolicy.None, filter_subject: `${prefix}.evt.*.*.*.one-call` }
        yield* Effect.promise(() => manager.consumers.add(wanted.events.name, config))
        yield* hears(spared, succeeded)
        yield* Effect.promise(() => manager.consumers.delete(wanted.events.name, "theirs"))
        yield* spares(spared, succeeded)
      }).pipe(Effect.scoped, Effect.provide(served())),
    { tags: ["ADR-0056.2"] }
  )

  it.live(
    "count as taken in doubt, and every other topic always",
    () =>
      Effect.gen(function* () {
        const { spared } = yield* made
        assert.isTrue(spared.isHeard(succeeded))
        yield* spares(spared, succeeded)
        assert.isTrue(spared.isHeard("ops.schedule.fired"))
        const { spared: doubtful } = yield* EventBusNats.make({ heard: { lookMs: 5, doubtMs: 3_600_000 } })
        assert.isTrue(doubtful?.isHeard(succeeded))
        const { spared: sure } = yield* made
        yield* spares(sure, succeeded)
        assert.isTrue(doubtful?.isHeard(succeeded))
      }).pipe(Effect.scoped, Effect.provide(served())),
    { tags: ["ADR-0056.2"] }
  )
})

it("a consumer takes a topic when some subject of it is among its own", () => {
  const filters: ReadonlyArray<readonly [string, boolean]> = [
    [">", true],
    ["dl.evt.>", true],
    ["dl.evt.*.some-tenant.>", true],
    ["dl.evt.*.*.ops_service-call_succeeded.*", true],
    ["dl.evt.3.t.ops_service-call_succeeded.c", true],
    ["dl.evt.*.*.*.some-call", true],
    ["dl.evt.*.*.ops_service-call_failed.*", false],
    ["dl.evt.*.*", false],
    ["other.evt.>", false]
  ]
  for (const [filter, taken] of filters) {
    assert.strictEqual(takes({ filter_subject: filter }, "dl", succeeded), taken, filter)
    assert.strictEqual(takes({ filter_subjects: ["dl.x", filter] }, "dl", succeeded), taken, filter)
  }
  assert.isTrue(takes({}, "dl", succeeded))
  assert.isFalse(takes({ metadata: { overhears: "yes" } }, "dl", succeeded))
})

it("what is told is read as it was written, and what is none is not read", () => {
  const { streamId, tenantId, topic } = message(Sample.tenantId(), null)
  assert.deepStrictEqual(readMention(mentionLine({ streamId, tenantId, topic })), { streamId, tenantId, topic })
  for (const line of ["", "one two", "one two three four"]) assert.isNull(readMention(line))
})
