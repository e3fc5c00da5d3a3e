/** The receipt of the submission that a call began with: its key is kept, and the rest is what the call's first event says. */
import { Persistence, type Receipt } from "@dueline/contracts/ports/Persistence"
import * as Sample from "@dueline/port-contracts/Sample"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const layer = PostgresPersistence.layer.pipe(Layer.provideMerge(TestDatabase.layer))

const dueAt = Sample.now + 60_000

/** As the writer makes it. Texts of requests hold what no `text` column can. */
const submission = (of: Sample.Target, key: string, changes: Partial<Receipt> = {}) => {
  const payload = { _tag: "ServiceCallSubmitted", spec: { body: "a\u0000\ud83d" }, dueAt, fingerprint: "print" }
  const answer = { _tag: "Submitted", callId: of.callId, status: "Scheduled", dueAt, attempt: 0 }
  const receipt = { ...Sample.receipt(of, key), fingerprint: "print", answer, ...changes }
  return Sample.commit(of, {
    events: [{ ...Sample.event(payload), type: "ServiceCallSubmitted" }],
    receipts: [receipt]
  })
}

const given = ({ receipts: [receipt] }: ReturnType<typeof submission>): Receipt => {
  const { expiresAt: _, ...given } = receipt ?? assert.fail("no receipt")
  return given
}

const receiptOf = Effect.fnUntraced(function* (of: Sample.Target, receiptKey: string) {
  const [slice] = yield* (yield* Persistence).load([Sample.loadRequest(of, { receiptKey, wantEvents: false })])
  return slice?.receipt
})

const keptOf = (key: string) =>
  TestDatabase.session((sql) =>
    Effect.map(
      sql<{ readonly command: string }>`select command_type as command from dueline.receipts where key = ${key}`,
      ([row]) => row?.command
    )
  )

it.layer(layer, { excludeTestServices: true, timeout: "60 seconds" })("the receipt of a submission", (it) => {
  it.effect(
    "comes back as it was given, from any stream, whatever became of the call, and keeps nothing but its key",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const call = Sample.target()
        const first = submission(call, "said")
        yield* store.commit([first])
        assert.strictEqual(yield* keptOf("said"), "")
        assert.deepStrictEqual(yield* receiptOf(call, "said"), given(first))
        yield* store.commit([
          Sample.commit(call, { expectedVersion: 1, row: { ...Sample.due(7), status: "Cancelled" } })
        ])
        yield* TestDatabase.session(
          (sql) => sql`delete from dueline.service_calls where call_id = ${call.callId}::uuid`
        )
        assert.deepStrictEqual(yield* receiptOf(Sample.target(call.tenantId), "said"), given(first))
        assert.isNull(yield* receiptOf(Sample.target(), "said"))
      }),
    { tags: ["ADR-0029.3"] }
  )

  it.effect(
    "is kept whole where the first event does not say the same",
    () =>
      Effect.gen(function* () {
        const store = yield* Persistence
        const about = (callId: string) => ({ _tag: "Submitted", callId, status: "Scheduled", dueAt, attempt: 0 })
        const others: ReadonlyArray<(of: Sample.Target) => Partial<Receipt>> = [
          () => ({ fingerprint: "another" }),
          () => ({ commandType: "CancelServiceCall" }),
          ({ callId }) => ({ answer: { ...about(callId), dueAt: dueAt + 1 } }),
          ({ callId }) => ({ answer: { ...about(callId), status: "Running" } }),
          ({ callId }) => ({ answer: { ...about(callId), more: 1 } }),
          ({ tenantId }) => ({ streamId: Sample.streamOf(Sample.target(tenantId).callId) })
        ]
        for (const [index, changes] of others.entries()) {
          const call = Sample.target()
          const commit = submission(call, `whole-${index}`, changes(call))
          yield* store.commit([commit])
          assert.deepStrictEqual(yield* receiptOf(call, `whole-${index}`), given(commit))
          assert.notStrictEqual(yield* keptOf(`whole-${index}`), "")
        }
      }),
    { tags: ["ADR-0029.3"] }
  )
})
