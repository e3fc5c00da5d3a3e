/** What one process writes, another reads: commands, answers, refusals, attempts and places. */
import { WorkerId } from "@dueline/contracts/Ids"
import { IdempotencyKeyReused, Overloaded, type Refusal, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import {
  IllegalTransition,
  ServiceCallAlreadyDispatched,
  ServiceCallCommand,
  ServiceCallIdTaken,
  ServiceCallNotFound,
  ServiceCallOutcome
} from "@dueline/contracts/serviceCall/Command"
import { RequestSummary } from "@dueline/contracts/serviceCall/Spec"
import * as Sample from "@dueline/port-contracts/Sample"
import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import {
  answerText,
  asksText,
  askText,
  type CommandEnvelope,
  readAsks,
  readReplies,
  refusalText,
  repliesText
} from "../src/commands/CommandWire.ts"
import { attemptsText, attemptText, placesText, readAttempts, readPlaces } from "../src/workforce/WorkforceWire.ts"

const callId = Sample.callId()

/** As JSON has it: without the negative zeros and the objects without prototype that generators make. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const refusals: ReadonlyArray<Refusal> = [
  new ServiceCallNotFound({ callId }),
  new ServiceCallIdTaken({ callId }),
  new ServiceCallAlreadyDispatched({ callId, status: "Running", attempt: 3 }),
  new IllegalTransition({ callId, status: "Failed", allowed: ["Scheduled", "Running"] }),
  new VersionMismatch({ expected: 2, actual: 5 }),
  new IdempotencyKeyReused({ key: "order-7" }),
  new Overloaded({ queueLimit: 8_192 })
]

const envelopeOf = (command: ServiceCallCommand): CommandEnvelope => ({
  tenantId: Sample.tenantId(),
  commandId: "c-1" as CommandEnvelope["commandId"],
  correlationId: "abc" as CommandEnvelope["correlationId"],
  actor: { kind: "user", id: "ž" },
  traceparent: null,
  idempotency: null,
  expectedVersion: 4,
  command
})

describe("words between processes", () => {
  it.prop(
    "a command is read as it was written",
    [Schema.Array(ServiceCallCommand).check(Schema.isMaxLength(3))],
    ([commands]) => {
      const envelopes = commands.map(envelopeOf)
      const read = readAsks(asksText(envelopes.map((envelope, n) => askText(n, envelope))))
      assert.deepStrictEqual(
        plain(read?.map(({ envelope, n }) => [n, envelope])),
        plain(envelopes.map((envelope, n) => [n, envelope]))
      )
    }
  )

  it("a process of the same form is believed; of another each part is checked, and what it cannot say is answered", () => {
    const callId = Sample.callId()
    const known = envelopeOf({ _tag: "CancelServiceCall", callId, at: 1 as never })
    const newer = { ...known, command: { ...known.command, _tag: "PauseServiceCall" } } as unknown as CommandEnvelope
    const text = asksText([askText(1, known), askText(2, newer)])
    assert.deepStrictEqual(
      plain(readAsks(text)),
      plain([
        { n: 1, envelope: known },
        { n: 2, envelope: newer }
      ])
    )
    const checked = [
      { n: 1, envelope: known },
      { n: 2, envelope: null }
    ]
    assert.deepStrictEqual(plain(readAsks(text.replace(/"form":"/u, '"form":"other'))), plain(checked))
    assert.deepStrictEqual(plain(readAsks(text.replace(/"form":"[^"]*",/u, ""))), plain(checked), "as 0.1 writes it")
  })

  it.prop("an answer is read as it was given", [ServiceCallOutcome, Schema.Boolean], ([outcome, replayed]) => {
    const answer = { version: 3, replayed, outcome }
    assert.deepStrictEqual(plain(readReplies(repliesText([answerText(9, answer)]))), plain([{ n: 9, answer }]))
  })

  it("every refusal is read as the error it was", () => {
    const read = readReplies(repliesText(refusals.map((refusal, n) => refusalText(n, refusal))))
    assert.lengthOf(read ?? [], refusals.length)
    refusals.forEach((refusal, n) => {
      assert.deepStrictEqual<unknown>(read?.[n]?.refusal, refusal)
      assert.strictEqual(read?.[n]?.refusal?.constructor, refusal.constructor)
    })
  })

  it("a store that did not answer there is a store that did not answer here", () => {
    const refusal = new StoreUnavailable({ operation: "commit", cause: new Error("connection lost") })
    const read = readReplies(repliesText([refusalText(1, refusal)]))?.[0]?.refusal
    assert.instanceOf(read, StoreUnavailable)
    assert.strictEqual(read?._tag === "StoreUnavailable" ? read.operation : null, "commit")
  })

  it.prop("an attempt is read as it was written", [RequestSummary], ([request]) => {
    const intent = {
      _tag: "ExecutionRequested" as const,
      tenantId: Sample.tenantId(),
      callId,
      worker: WorkerId.make("worker-1"),
      epoch: 2,
      attempt: 1,
      dueAt: 5,
      handedOverAt: 4,
      deadlineAt: 90_000,
      timeoutMs: 30_000,
      retryStatuses: [429, 503],
      request,
      sealed: null,
      correlationId: "abc" as CommandEnvelope["correlationId"],
      traceparent: null
    }
    const read = readAttempts(attemptsText("o", 7, [attemptText(intent)]))
    assert.deepStrictEqual(plain(read), plain({ v: 1, from: "o", sent: 7, attempts: [intent] }))
  })

  it("an attempt of an orchestrator of before 0.2 was handed over when its deadline says", () => {
    const [text] = [
      '{"v":1,"from":"o","sent":1,"attempts":[{"_tag":"ExecutionRequested","tenantId":"00000000-0000-7000-8000-000000000001",' +
        '"callId":"00000000-0000-7000-8000-000000000002","worker":"w","epoch":1,"attempt":1,"dueAt":5,"deadlineAt":36000,' +
        '"timeoutMs":30000,"retryStatuses":[],"request":{"method":"GET","url":"http://a.test/","headers":{},"bodyBytes":0,' +
        '"bodySnippet":null},"sealed":null,"correlationId":"abc","traceparent":null}]}'
    ]
    assert.strictEqual(readAttempts(text ?? "")?.attempts[0]?.handedOverAt, 1_000)
  })

  it("places are read as they were said", () => {
    const worker = WorkerId.make("worker-1")
    assert.deepStrictEqual(readPlaces(placesText(worker, 3, new Map([["o", 4]]))), {
      v: 1,
      worker,
      free: 3,
      seen: { o: 4 }
    })
  })

  it("what is no word of version 1 is not read at all", () => {
    for (const text of ["", "{}", '{"v":2,"asks":[]}', '{"v":1,"asks":1}', "[1]"]) {
      assert.isNull(readAsks(text))
      assert.isNull(readReplies(text))
      assert.isNull(readAttempts(text))
      assert.isNull(readPlaces(text))
    }
  })
})
