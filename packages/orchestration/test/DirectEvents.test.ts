/** Events that are taken over with their commit: carried out without a message, within their places, and found again when their process has died. */
import { assert, it } from "@effect/vitest"
import { IngestionId, type IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { Reserved } from "@dueline/contracts/CommitCompanions"
import type { StreamId } from "@dueline/contracts/Ids"
import { DueIngestions } from "@dueline/contracts/ports/DueWork"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { withTrace } from "@dueline/contracts/telemetry/Tracing"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import * as Sample from "@dueline/port-contracts/Sample"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { EventPlaces, makeDirectEvents } from "../src/DirectEvents.ts"
import { makeHandler, makeSweep } from "../src/FieldEvents.ts"
import { inSteps, makeFates } from "./fated.ts"
import * as Field from "./FieldSample.ts"
import * as Steps from "./IngestionSteps.ts"
import { writersOn } from "./WritersUnderTest.ts"

const idOf = (n: number) => IngestionId.make(`00000000-0000-7000-8000-e2000000010${n}`)

const messageOf = (row: IngestionRow, changes: Partial<BusMessage> = {}): BusMessage => {
  const { _tag: _, correlationId, ingestionId, tenantId, version, ...ingestion } = row
  return {
    eventId: ingestionId,
    tenantId,
    streamId: ingestionId as string as StreamId,
    topic: "ops.ingestion.received",
    payload: { schemaVersion: 1, tenantId, ingestionId, version, ingestion, occurredAt: Field.t0, correlationId },
    ...changes
  }
}

/** `places`: of events in hand. */
const world = Effect.fnUntraced(function* (places = 10) {
  const inHand = new EventPlaces(places)
  const store = MemoryStore.make()
  const writers = yield* writersOn(store)
  const { fates, step } = makeFates()
  const { carriedOut, handler } = yield* makeHandler(() => Steps.shipmentId, inHand).pipe(
    Effect.provideService(Orchestrator, inSteps(writers, step)),
    Effect.provideService(OpsQueries, store.opsQueries)
  )
  const reserve = yield* makeDirectEvents(carriedOut, handler, inHand, 3)
  const reserved = new Map<StreamId, Reserved>()
  const taker = {
    reserve: (message: BusMessage) => {
      const place = reserve(message)
      if (place !== null) reserved.set(message.streamId, place)
      return place !== null
    },
    take: ({ streamId }: BusMessage) => reserved.get(streamId)?.take(),
    release: ({ streamId }: BusMessage) => reserved.get(streamId)?.release()
  }
  const ingestions = () => store.dump().rows.filter((row): row is IngestionRow => row._tag === "IngestionRow")
  /** So many that have come in. */
  const received = Effect.fnUntraced(function* (count: number) {
    for (let n = 0; n < count; n += 1) {
      const command = Steps.receive()
      if (command._tag !== "ReceiveIngestion") throw new Error("no event")
      const event = { ...command.event, eventId: `e-${n}`, orderId: null }
      yield* writers.ask(Field.envelope({ ...command, ingestionId: idOf(n), event }))
    }
    return ingestions().map((row) => messageOf(row))
  })
  const sweep = (longerThanMs: number) =>
    Effect.flatMap(makeSweep(handler, inHand, longerThanMs), (round) => round).pipe(
      Effect.provideService(DueIngestions, store.dueIngestions)
    )
  return {
    fates,
    taker,
    isHeld: (id: IngestionId) => inHand.has(id),
    received,
    sweep,
    statuses: () => ingestions().map(({ status }) => status)
  }
})

/** Turns of the event loop, in which all is done that waits for no time. */
const rest = Effect.promise(async () => {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((next) => setImmediate(next))
})

it.effect(
  "events that are taken over end without a message, and their places are free again",
  () =>
    Effect.gen(function* () {
      const { isHeld, received, statuses, taker } = yield* world(14)
      const messages = yield* received(7)
      for (const message of messages) assert.isTrue(taker.reserve(message))
      for (const message of messages) taker.take(message)
      yield* rest
      assert.deepStrictEqual(statuses(), Array(7).fill("Completed"))
      assert.isFalse(messages.some(({ streamId }) => isHeld(streamId as string as IngestionId)))
      assert.isTrue(messages.every(taker.reserve))
    }),
  { tags: ["ADR-0030.9"] }
)

it.effect("places are kept from before the commit until the end or its failure; a tenant leaves some to others", () =>
  Effect.gen(function* () {
    const { received, taker } = yield* world(4)
    const [one, two, three, four] = yield* received(4)
    if (one === undefined || two === undefined || three === undefined || four === undefined) return assert.fail("none")
    const tenantId = Sample.tenantId()
    const others = { ...four, tenantId, payload: { ...(four.payload as object), tenantId } }
    assert.deepStrictEqual([one, two, three, others].map(taker.reserve), [true, true, false, true])
    // It is under way already.
    assert.isFalse(taker.reserve(one))
    taker.release(one)
    taker.release(one)
    assert.isTrue(taker.reserve(one))
    assert.isFalse(taker.reserve(three))
  })
)

it.effect("what no courier sent and what has a trace to be seen goes by the bus", () =>
  Effect.gen(function* () {
    const { received, taker } = yield* world()
    const [message] = yield* received(1)
    if (message === undefined) return assert.fail("none")
    const { ingestion, ...payload } = message.payload as { readonly ingestion: object }
    const dropped = { ...payload, ingestion: { ...ingestion, courierSourceId: null, event: null } }
    const trace = withTrace(message.payload, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    assert.notStrictEqual(trace, message.payload)
    assert.isFalse(taker.reserve({ ...message, payload: dropped }))
    assert.isFalse(taker.reserve({ ...message, payload: trace }))
    assert.isFalse(taker.reserve({ ...message, topic: "ops.ingestion.completed" }))
    assert.isTrue(taker.reserve(message))
  })
)

it.effect("one that has to wait is tried again after a pause, and those of its round do not wait for it", () =>
  Effect.gen(function* () {
    const { fates, isHeld, received, statuses, taker } = yield* world()
    const messages = yield* received(3)
    messages.forEach(taker.reserve)
    fates.push("fails")
    messages.forEach(taker.take)
    yield* rest
    assert.deepStrictEqual(statuses(), ["Processing", "Completed", "Completed"])
    assert.isTrue(isHeld(idOf(0)))
    yield* TestClock.adjust(200)
    yield* rest
    assert.deepStrictEqual(statuses(), Array(3).fill("Completed"))
    assert.isFalse(isHeld(idOf(0)))
  })
)

it.effect(
  "what a process had taken over when it died is found by the next, what it holds itself is left alone",
  () =>
    Effect.gen(function* () {
      const { received, statuses, sweep, taker } = yield* world()
      const [held, ...lost] = yield* received(4)
      if (held === undefined) return assert.fail("none")
      taker.reserve(held)
      yield* sweep(30_000)
      assert.deepStrictEqual(statuses(), Array(4).fill("Received"))
      // They have waited, so that those which came in together are settled together.
      yield* TestClock.setTime(Field.t0 + 1_000)
      yield* sweep(0)
      assert.deepStrictEqual(statuses(), ["Received", ...lost.map(() => "Completed")])
    }),
  { tags: ["ADR-0030.9"] }
)
