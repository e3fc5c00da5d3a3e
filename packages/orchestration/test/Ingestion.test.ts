/** What an ingestion answers: taken in or refused once, tried until it ends, and ended once. */
import { assert, describe, it } from "@effect/vitest"
import {
  IngestionEnded,
  type IngestionEvent,
  IngestionIdTaken,
  IngestionNotFound,
  maxAttemptsKept
} from "@dueline/contracts/ingestion/Ingestion"
import { Ingestion } from "../src/aggregates/Ingestion.ts"
import { aggregateLaws } from "./aggregateLaws.ts"
import { AggregateUnderTest } from "./AggregateUnderTest.ts"
import * as Field from "./FieldSample.ts"
import { given } from "./given.ts"
import * as Steps from "./IngestionSteps.ts"

const { envelope, t0 } = Field
const { arrived, complete, drop, dropped, fail, ingestionId, receive, refused, reject, replay, retry } = Steps

const received: IngestionEvent = { _tag: "IngestionReceived", ...arrived, digest: "d1", receivedAt: t0 }
const completed: IngestionEvent = { _tag: "IngestionCompleted" }

aggregateLaws({
  aggregate: Ingestion,
  story: Steps.IngestionStory,
  commandsOf: Steps.ingestionCommands,
  envelope: (command) => envelope(command),
  opening: ["IngestionReceived", "IngestionRejected", "DropbinReceived"],
  adding: ["RetryIngestion"]
})

describe("an ingestion", () => {
  it("is taken in once: the same body again changes nothing, another one is another event", () => {
    given(Ingestion, []).when(receive()).then([received])
    given(Ingestion, [received]).when(receive()).then([])
    given(Ingestion, [received]).when(receive("d2")).thenRejected(new IngestionIdTaken({ ingestionId }))
  })

  it("is tried until it ends, and ends once", () => {
    given(Ingestion, []).when(complete()).thenRejected(new IngestionNotFound({ ingestionId }))
    given(Ingestion, [received])
      .when(retry())
      .then([{ _tag: "IngestionRetried", reason: "StoreUnavailable" }])
    given(Ingestion, [received]).when(complete()).then([completed])
    given(Ingestion, [received, completed]).when(complete()).then([])
    for (const late of [fail(), retry()]) {
      given(Ingestion, [received, completed])
        .when(late)
        .thenRejected(new IngestionEnded({ ingestionId, status: "Completed" }))
    }
  })

  it("that failed is replayed, once for each replay; one under way needs none, and one that ended otherwise takes none", () => {
    const failed: IngestionEvent = { _tag: "IngestionFailed", reason: "no order" }
    const replayed: IngestionEvent = { _tag: "IngestionReplayed", replay: 2 }
    given(Ingestion, []).when(replay()).thenRejected(new IngestionNotFound({ ingestionId }))
    given(Ingestion, [received]).when(replay()).then([])
    given(Ingestion, [received, failed]).when(replay(2)).then([replayed])
    given(Ingestion, [received, failed, replayed, failed]).when(replay(2)).then([])
    given(Ingestion, [received, failed, replayed, failed]).when(replay(1)).then([])
    given(Ingestion, [received, failed, replayed]).when(fail()).then([failed])
    given(Ingestion, [received, completed])
      .when(replay())
      .thenRejected(new IngestionEnded({ ingestionId, status: "Completed" }))
  })

  it("keeps its body sealed beside the history, and the latest failures in it", () => {
    const on = new AggregateUnderTest(Ingestion, (command) => envelope(command))
    on.ask(receive())
    for (let n = 1; n <= maxAttemptsKept + 5; n += 1) on.ask(retry(`try ${n}`, n))
    on.ask(fail(100))
    assert.strictEqual(on.memory.sealed, "v1.key.d1")
    const { row } = on
    if (row?._tag !== "IngestionRow") return assert.fail("no row")
    assert.deepStrictEqual(
      [row.status, row.failures, row.attempts.length],
      ["Failed", maxAttemptsKept + 6, maxAttemptsKept]
    )
    assert.strictEqual(row.attempts.at(-1)?.reason, "no order")
    const told = on.turns.map(({ commit }) => [commit?.events, commit?.outbox, commit?.row])
    assert.notInclude(JSON.stringify(told), "v1.key")
  })

  it("that was refused has nothing to be done, and no body", () => {
    const on = new AggregateUnderTest(Ingestion, (command) => envelope(command))
    on.ask(reject())
    assert.isNull(on.memory.sealed)
    given(Ingestion, [{ _tag: "IngestionRejected", ...refused, rejectedAt: t0 }])
      .when(complete())
      .thenRejected(new IngestionEnded({ ingestionId, status: "Rejected" }))
  })
})

describe("a payload", () => {
  const taken: IngestionEvent = { _tag: "DropbinReceived", ...dropped, fingerprint: "f1", receivedAt: t0 }

  it("is taken in once under its key; another request, and an event under its id, are refused", () => {
    given(Ingestion, []).when(drop()).then([taken])
    given(Ingestion, [taken]).when(drop()).then([])
    given(Ingestion, [taken]).when(drop("f2")).thenRejected(new IngestionIdTaken({ ingestionId }))
    given(Ingestion, [taken]).when(receive("f1")).thenRejected(new IngestionIdTaken({ ingestionId }))
    given(Ingestion, [received]).when(drop("d1")).thenRejected(new IngestionIdTaken({ ingestionId }))
  })

  it("is due at once, then when it is tried again, and no more once it has ended", () => {
    const on = new AggregateUnderTest(Ingestion, (command) => envelope(command))
    const due = () => (on.row?._tag === "IngestionRow" ? on.row.dropbin?.dueAt : undefined)
    on.ask(drop())
    assert.strictEqual(due(), t0)
    on.ask(retry("away", 1, { dueAt: Field.ms(t0 + 2_000) }))
    assert.strictEqual(due(), t0 + 2_000)
    on.ask(fail(3, { failure: Steps.conflict }))
    if (on.row?._tag !== "IngestionRow") return assert.fail("no row")
    assert.deepStrictEqual(on.row.dropbin, {
      reference: dropped.reference,
      orderId: null,
      failure: Steps.conflict,
      dueAt: null
    })
  })

  it("that failed is completed by the order that another look has made meanwhile, and by nothing else", () => {
    const on = new AggregateUnderTest(Ingestion, (command) => envelope(command))
    on.ask(drop())
    on.ask(fail(2, { failure: Steps.conflict }))
    on.ask(complete(3))
    assert.deepInclude(on.row, { status: "Failed", version: 2 })
    on.ask(complete(4, { orderId: Field.orderId }))
    assert.deepInclude(on.row, { status: "Completed", version: 3 })
    assert.nestedInclude(on.row, { "dropbin.orderId": Field.orderId, "dropbin.failure": null })
    assert.isNull(on.memory.sealed)
  })

  it("stays sealed until its order is there, also when it failed, and is never told", () => {
    const on = new AggregateUnderTest(Ingestion, (command) => envelope(command))
    on.ask(drop())
    on.ask(retry())
    assert.strictEqual(on.memory.sealed, "v1.key.f1")
    on.ask(complete(3, { orderId: Field.orderId }))
    assert.isNull(on.memory.sealed)
    on.ask(drop("f1", 4))
    assert.isNull(on.memory.sealed)
    const told = on.turns.map(({ commit }) => [commit?.events, commit?.outbox, commit?.row])
    assert.notInclude(JSON.stringify(told), "v1.key")
  })
})
