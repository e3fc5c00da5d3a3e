/** What the writer does with a batch, without a writer: order, receipts, versions, one commit per stream. */
import { assert, describe, it } from "@effect/vitest"
import type { Envelope } from "@dueline/contracts/Envelope"
import { IdempotencyKeyReused, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { WorkerId } from "@dueline/contracts/Ids"
import type { Receipt } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Result } from "effect"
import { type BatchAnswer, decideBatch, receiptKey, requestOf, streamKey } from "../src/engine/decideBatch.ts"
import { ServiceCall } from "../src/aggregates/service-call/ServiceCall.ts"
import type { ServiceCallState } from "../src/aggregates/service-call/State.ts"
import type { Memory } from "./CallUnderTest.ts"
import * as Call from "./ServiceCallSample.ts"

const { envelope, histories } = Call
const ttl = 1_000
const key = streamKey(Call.tenantId, Call.streamOf(Call.callId))

const memoryOf = (state: keyof typeof histories): Memory => {
  const history = histories[state]
  const fold = history.reduce<ServiceCallState>(
    (s, event) => ServiceCall.evolve(s, event, Call.t0),
    ServiceCall.initial
  )
  return { state: fold, version: history.length, sealed: history.length === 0 ? null : "sealed", recent: [] }
}

const decide = (
  envelopes: ReadonlyArray<Envelope<ServiceCallCommand>>,
  loaded: { readonly state?: keyof typeof histories; readonly receipts?: ReadonlyArray<Receipt> } = {}
) => {
  const streams = new Map<string, Memory>([[key, memoryOf(loaded.state ?? "NotSubmitted")]])
  const receipts = new Map((loaded.receipts ?? []).map((one) => [receiptKey(Call.tenantId, one.key), one]))
  const decided = decideOn(envelopes, streams, receipts)
  return { ...decided, said: decided.answers.map(said) }
}

const decideOn = (
  envelopes: ReadonlyArray<Envelope<ServiceCallCommand>>,
  streams: ReadonlyMap<string, Memory>,
  receipts: ReadonlyMap<string, Receipt> = new Map()
) => {
  const requests = envelopes.map((one) => requestOf(ServiceCall.streamOf, one))
  const decided = decideBatch(ServiceCall, requests, { cached: [], streams, receipts }, ttl)
  const after = new Map([...decided.streams].map(([id, { current }]) => [id, current]))
  return { ...decided, after }
}

const said = (answer: BatchAnswer<{ readonly _tag: string }, { readonly _tag: string }>): string =>
  Result.isSuccess(answer)
    ? `${answer.success.outcome._tag} ${answer.success.version}${answer.success.replayed ? " replayed" : ""}`
    : answer.failure._tag

const receipt: Receipt = {
  key: "k1",
  fingerprint: "request-1",
  commandType: "CancelServiceCall",
  streamId: Call.streamOf(Call.callId),
  version: 7,
  answer: { _tag: "Cancelled", callId: Call.callId, status: "Cancelled", dueAt: Call.dueAt, attempt: 0 }
}

describe("a batch", () => {
  it("is decided in order: a later command sees what an earlier one decided", () => {
    const { commits, said } = decide(
      [Call.submit(), Call.reschedule(), Call.cancel(), Call.reschedule()].map((c) => envelope(c))
    )
    assert.deepStrictEqual(said, ["Submitted 1", "Rescheduled 2", "Cancelled 3", "IllegalTransition"])
    assert.deepStrictEqual(
      commits[0]?.events.map(({ type }) => type),
      ["ServiceCallSubmitted", "ServiceCallRescheduled", "ServiceCallCancelled"]
    )
  })

  it("carries no command out twice, also when others came in between and its process was thought to be gone", {
    tags: ["ADR-0014.2"]
  }, () => {
    const submitted = envelope(Call.submit())
    const early = envelope(Call.reschedule({ dueAt: Call.ms(Call.dueAt + 5_000) }))
    const late = envelope(Call.reschedule({ dueAt: Call.ms(Call.dueAt + 9_000) }))
    const { commits, intents, said } = decide([submitted, early, late, early, submitted])
    assert.deepStrictEqual(said.slice(0, 3), ["Submitted 1", "Rescheduled 2", "Rescheduled 3"])
    assert.deepStrictEqual(said.slice(3), ["Rescheduled 3", "Submitted 3"])
    assert.strictEqual(commits[0]?.events.length, 3)
    assert.deepInclude(commits[0]?.row ?? {}, { dueAt: Call.ms(Call.dueAt + 9_000) })
    assert.lengthOf(intents, 3)
  })

  it("makes one commit of each stream, with the last row and the version it was decided on", () => {
    const other = Call.call(2)
    const { commits } = decide(
      [envelope(Call.cancel()), envelope(Call.submit({ callId: other })), envelope(Call.cancel({ callId: other }))],
      { state: "Running" }
    )
    assert.deepStrictEqual(
      commits.map(({ events, expectedVersion, row, streamId }) => [
        streamId,
        expectedVersion,
        events.length,
        row?.version,
        row?._tag === "ServiceCallRow" ? row.status : null
      ]),
      [
        [Call.streamOf(Call.callId), 2, 1, 3, "Running"],
        [Call.streamOf(other), 0, 2, 2, "Cancelled"]
      ]
    )
  })

  const due = (callId = Call.callId) =>
    envelope({
      _tag: "DueTimeReached",
      callId,
      at: Call.dueAt,
      revision: 1,
      worker: WorkerId.make("worker-1")
    } as const)

  const followed = (
    first: Envelope<ServiceCallCommand>,
    next: Envelope<ServiceCallCommand>,
    {
      receipts = [],
      state = "NotSubmitted"
    }: { receipts?: ReadonlyArray<Receipt>; state?: keyof typeof histories } = {}
  ) => {
    const request = { ...requestOf(ServiceCall.streamOf, first), next }
    const streams = new Map([[key, memoryOf(state)]])
    const known = new Map(receipts.map((one) => [receiptKey(Call.tenantId, one.key), one]))
    return decideBatch(ServiceCall, [request], { cached: [], streams, receipts: known }, ttl)
  }

  it("decides what follows on a command in the same commit, in place of what the command itself would have had done", {
    tags: ["ADR-0053.1"]
  }, () => {
    const { answers, commits, intents, nextAnswers } = followed(envelope(Call.submit()), due())
    assert.deepStrictEqual(answers.map(said), ["Submitted 1"])
    assert.deepStrictEqual(
      nextAnswers.map((one) => (one === undefined ? null : said(one))),
      ["Started 2"]
    )
    assert.deepStrictEqual(
      commits.map(({ events, expectedVersion, row }) => [
        expectedVersion,
        events.map(({ type }) => type),
        row?.version
      ]),
      [[0, ["ServiceCallSubmitted", "ExecutionStarted"], 2]]
    )
    assert.deepStrictEqual(
      intents.map(({ _tag }) => _tag),
      ["ExecutionRequested"]
    )
  })

  it("decides nothing that follows on a refused command, and keeps what was wanted where that changes nothing", {
    tags: ["ADR-0053.2"]
  }, () => {
    const keyed = envelope(Call.submit(), { key: receipt.key, fingerprint: "another" })
    const refused = followed(keyed, due(), { receipts: [receipt], state: "Scheduled" })
    assert.deepStrictEqual(refused.answers.map(said), ["IdempotencyKeyReused"])
    assert.deepStrictEqual([refused.nextAnswers, refused.commits], [[undefined], []])
    const stale = envelope({ ...due().command, revision: 7 } as ServiceCallCommand)
    const { intents, nextAnswers } = followed(envelope(Call.submit()), stale)
    assert.deepStrictEqual(
      nextAnswers.map((one) => (one === undefined ? null : said(one))),
      ["Ignored 1"]
    )
    assert.deepStrictEqual(
      intents.map(({ _tag }) => _tag),
      ["AlarmWanted"]
    )
  })

  it("keeps tenants apart that use the same ids and keys", () => {
    const tenants = [Call.tenant(1), Call.tenant(2)]
    const { commits, said } = decide(tenants.map((tenantId) => envelope(Call.submit(), { tenantId, key: "k1" })))
    assert.deepStrictEqual(said, ["Submitted 1", "Submitted 1"])
    assert.deepStrictEqual(
      commits.map(({ row, tenantId }) => [tenantId, row?.tenantId]),
      tenants.map((t) => [t, t])
    )
  })

  it("gives every event its own id, the same when it is decided again", () => {
    const envelopes = [Call.submit(), Call.reschedule(), Call.cancel()].map((c) => envelope(c))
    const ids = () => decide(envelopes).commits.flatMap(({ events }) => events.map(({ eventId }) => eventId))
    assert.strictEqual(new Set(ids()).size, 3)
    assert.deepStrictEqual(ids(), ids())
  })

  it("sets the seal of a new call, erases that of an old one, and needs neither when both happen at once", () => {
    const sealedIn = (...args: Parameters<typeof decide>) => decide(...args).commits.map(({ sealed }) => sealed)
    assert.deepStrictEqual(sealedIn([envelope(Call.submit())]), [{ _tag: "set", value: "sealed" }])
    assert.deepStrictEqual(sealedIn([envelope(Call.cancel())], { state: "Scheduled" }), [{ _tag: "erase" }])
    assert.deepStrictEqual(sealedIn([envelope(Call.submit()), envelope(Call.cancel())]), [{ _tag: "keep" }])
  })
})

describe("receipts", () => {
  it("twins under one key have one effect, and the second hears what the first heard", { tags: ["ADR-0006.4"] }, () => {
    const twin = envelope(Call.cancel(), { key: "k1" })
    const { answers, commits, said } = decide([twin, twin], { state: "Running" })
    assert.deepStrictEqual(said, ["Cancelling 3", "Cancelling 3 replayed"])
    const [first, second] = answers.map((answer) => (Result.isSuccess(answer) ? answer.success.outcome : null))
    assert.deepStrictEqual(second, first)
    assert.deepStrictEqual(
      commits.map(({ events, receipts }) => [events.length, receipts.length]),
      [[1, 1]]
    )
  })

  it("answer before anything is decided, though the call is long past it", {
    tags: ["ADR-0006.1", "ADR-0006.3"]
  }, () => {
    const { commits, intents, said } = decide([envelope(Call.cancel(), { key: "k1" })], {
      state: "Succeeded",
      receipts: [receipt]
    })
    assert.deepStrictEqual([said, commits, intents], [["Cancelled 7 replayed"], [], []])
  })

  it("are not answered by a version either", { tags: ["ADR-0006.3"] }, () => {
    const repeat = envelope(Call.cancel(), { key: "k1", expectedVersion: 99 })
    assert.deepStrictEqual(decide([repeat], { state: "Succeeded", receipts: [receipt] }).said, ["Cancelled 7 replayed"])
  })

  it("refuse another request under their key, and nothing is stored", { tags: ["ADR-0006.2"] }, () => {
    const refused = new IdempotencyKeyReused({ key: "k1" })
    for (const other of [
      envelope(Call.cancel(), { key: "k1", fingerprint: "request-2" }),
      envelope(Call.reschedule(), { key: "k1" })
    ]) {
      const { answers, commits } = decide([other], { state: "Scheduled", receipts: [receipt] })
      assert.deepStrictEqual([answers, commits], [[Result.fail(refused)], []])
    }
  })

  it("refuse it also when the first use of the key is in the same batch", { tags: ["ADR-0006.2"] }, () => {
    const { commits, said } = decide(
      [
        envelope(Call.reschedule(), { key: "k1" }),
        envelope(Call.reschedule({ dueAt: Call.ms(Call.dueAt + 9) }), { key: "k1", fingerprint: "request-2" }),
        envelope(Call.cancel(), { key: "k1" })
      ],
      { state: "Scheduled" }
    )
    assert.deepStrictEqual(said, ["Rescheduled 2", "IdempotencyKeyReused", "IdempotencyKeyReused"])
    assert.deepStrictEqual(
      commits.map(({ events }) => events.length),
      [1]
    )
  })

  it("are kept with the commit, with what they answer, until their time is over", () => {
    const { answers, commits } = decide([envelope(Call.submit(), { key: "k1" })])
    const [answer] = answers
    assert.deepStrictEqual(commits[0]?.receipts, [
      {
        key: "k1",
        fingerprint: "request-1",
        commandType: "SubmitServiceCall",
        streamId: Call.streamOf(Call.callId),
        version: 1,
        answer: answer !== undefined && Result.isSuccess(answer) ? answer.success.outcome : null,
        expiresAt: Call.t0 + ttl
      }
    ])
  })

  it("are not made of refusals: the key stays free", { tags: ["ADR-0007.1"] }, () => {
    const { commits, said } = decide([envelope(Call.rerun(), { key: "k1" }), envelope(Call.cancel(), { key: "k1" })], {
      state: "Scheduled"
    })
    assert.deepStrictEqual(said, ["IllegalTransition", "Cancelled 2"])
    assert.deepStrictEqual(
      commits[0]?.receipts.map(({ commandType }) => commandType),
      ["CancelServiceCall"]
    )
  })
})

describe("a command that changes nothing", () => {
  it("takes its key all the same, and a repeat hears what it heard", { tags: ["ADR-0006.1"] }, () => {
    const cancel = envelope(Call.cancel(), { key: "k1" })
    const { commits, said } = decide([cancel, cancel], { state: "Cancelled" })
    assert.deepStrictEqual(said, ["Cancelled 2", "Cancelled 2 replayed"])
    assert.deepStrictEqual(
      commits.map(({ events, expectedVersion, receipts, row }) => [
        events.length,
        expectedVersion,
        receipts.length,
        row
      ]),
      [[0, 2, 1, null]]
    )
  })
})

describe("a command whose answer was lost", () => {
  const due = envelope(Call.due({ revision: 1 }))
  const first = decide([due], { state: "Scheduled" })
  const again = (repeat: Envelope<ServiceCallCommand>) => decideOn([repeat], first.after)

  it("hears again what it did, and what was to follow follows", { tags: ["ADR-0006.3"] }, () => {
    const repeat = again(due)
    assert.deepStrictEqual(repeat.answers, first.answers)
    assert.deepStrictEqual(repeat.intents, first.intents)
    assert.deepStrictEqual(repeat.commits, [])
  })

  it("is not mistaken for another one that asks for the same", () => {
    const repeat = again(envelope(Call.due({ revision: 1 })))
    assert.deepStrictEqual([repeat.answers.map(said), repeat.intents], [["Ignored 2"], []])
  })

  for (const command of [Call.success(), Call.failure(), Call.handBack()]) {
    it(`${command._tag} ends the attempt once more for whoever counts attempts`, { tags: ["ADR-0006.3"] }, () => {
      const told = envelope(command)
      const { after, intents } = decide([told], { state: "Running" })
      const over = intents.filter(({ _tag }) => _tag === "AttemptEnded")
      assert.lengthOf(over, 1)
      const repeat = decideOn([told], after)
      assert.deepStrictEqual([repeat.intents, repeat.commits], [intents, []])
    })
  }

  it("does not hand the attempt to another worker than it was given to", () => {
    const command = Call.due({ revision: 1, worker: WorkerId.make("another") })
    assert.deepStrictEqual(again({ ...due, command }).intents, [])
  })
})

describe("expected versions", () => {
  it("that are not the present one refuse the command and store nothing", () => {
    const { answers, commits } = decide([envelope(Call.cancel(), { expectedVersion: 1 })], { state: "Running" })
    assert.deepStrictEqual([answers, commits], [[Result.fail(new VersionMismatch({ expected: 1, actual: 2 }))], []])
  })

  it("count what was decided earlier in the batch", () => {
    const at = (expectedVersion: number) =>
      envelope(Call.reschedule({ dueAt: Call.ms(Call.dueAt + expectedVersion) }), { expectedVersion })
    assert.deepStrictEqual(decide([at(1), at(1), at(2)], { state: "Scheduled" }).said, [
      "Rescheduled 2",
      "VersionMismatch",
      "Rescheduled 3"
    ])
  })

  it("of a call that does not exist are no secret: it is simply not there", { tags: ["ADR-0007.5"] }, () => {
    assert.deepStrictEqual(decide([envelope(Call.cancel(), { expectedVersion: 3 })]).said, ["ServiceCallNotFound"])
  })
})
