/** One while pending, against a plain model: whatever is asked, and whatever begins in between. */
import { assert, describe, it } from "@effect/vitest"
import type { EpochMillis, ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import { CorrelationId, CommandId } from "@dueline/contracts/Ids"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { defaultRetryPolicy, OnConflict } from "@dueline/contracts/serviceCall/Spec"
import * as Writers from "@dueline/orchestration/Writers"
import * as MemoryStore from "@dueline/port-contracts/memory/MemoryStore"
import { propertyRunsTimes } from "@dueline/port-contracts/propertyRuns"
import { Effect, Schema } from "effect"
import { makePendingCalls } from "../src/calls/pendingCalls.ts"
import { tenant } from "./Edge.ts"

const Step = Schema.Struct({
  what: Schema.Literals(["submit", "submit", "submit", "begin", "cancel", "together"]),
  onConflict: OnConflict,
  delay: Schema.Literals([1_000, 5_000, 60_000]),
  longestWait: Schema.NullOr(Schema.Literal(10_000)),
  wait: Schema.Literals([0, 500, 4_000])
})

interface Modelled {
  url: string
  dueAt: number
  readonly submittedAt: number
}

const summary = (url: string) => ({ method: "POST" as const, url, headers: {}, bodyBytes: 0, bodySnippet: null })

describe("one while pending", () => {
  it.effect.prop(
    "is kept, replaced, moved or followed by the next as a plain model says, and never are two pending",
    [Schema.Array(Step).check(Schema.isMaxLength(14))],
    ([steps]) =>
      Effect.gen(function* () {
        const store = MemoryStore.make()
        const writers = yield* Writers.make({}).pipe(
          Effect.provideService(Persistence, store.persistence),
          Effect.provideService(Intents, { publish: () => {}, subscribe: () => {} })
        )
        let asked = 0
        const tell = (command: ServiceCallCommand) =>
          writers.ask({
            tenantId: tenant,
            commandId: CommandId.make(`told:${asked++}`),
            correlationId: CorrelationId.make("0abc"),
            actor: { kind: "user", id: "u" },
            traceparent: null,
            idempotency: null,
            expectedVersion: null,
            command
          })
        // Two edges, which know nothing of each other.
        const edges = [makePendingCalls(store.callQueries), makePendingCalls(store.callQueries)]
        const rows = () => store.dump().rows.filter((row): row is ServiceCallRow => row._tag === "ServiceCallRow")
        const open = () => rows().filter(({ epoch, status }) => status === "Scheduled" && epoch === 0)
        let now = 1_000_000
        let model: Modelled | null = null
        let made = 0
        const submit = (edge: number, url: string, { delay, longestWait, onConflict }: typeof Step.Type) =>
          (edges[edge] ?? assert.fail()).submit(tenant, "report", (callId: ServiceCallId) =>
            tell({
              _tag: "SubmitServiceCall",
              callId,
              at: now as EpochMillis,
              dueAt: (now + delay) as EpochMillis,
              fingerprint: null,
              origin: { correlationId: CorrelationId.make("0abc"), traceparent: null },
              spec: {
                request: summary(url),
                timeoutMs: 1_000,
                retry: defaultRetryPolicy,
                tags: [],
                pending: { key: "report" }
              },
              sealed: null,
              pending: { onConflict, longestWaitMs: longestWait }
            })
          )
        for (const [index, step] of steps.entries()) {
          now += step.wait
          const url = `https://example.com/${index}`
          const [current] = open()
          if (step.what === "submit") {
            const { outcome } = yield* submit(index % 2, url, step)
            const dueAt = now + step.delay
            if (model === null) {
              model = { url, dueAt, submittedAt: now }
              made += 1
              assert.notProperty(outcome, "pending")
            } else if (step.onConflict === "replace") Object.assign(model, { url, dueAt })
            else if (step.onConflict === "debounce") {
              model.dueAt = step.longestWait === null ? dueAt : Math.min(dueAt, model.submittedAt + step.longestWait)
            }
            assert.strictEqual(outcome.callId, open()[0]?.callId)
          } else if (step.what === "together") {
            yield* Effect.all([submit(0, url, step), submit(1, url, { ...step, onConflict: "keep" })], {
              concurrency: "unbounded"
            })
            const [row] = open()
            if (model === null) made += 1
            model = { url: row?.request.url ?? "", dueAt: row?.dueAt ?? 0, submittedAt: row?.createdAt ?? 0 }
          } else if (current !== undefined) {
            const about = { callId: current.callId, at: Math.max(now, current.dueAt) as EpochMillis }
            yield* step.what === "begin"
              ? tell({ _tag: "DueTimeReached", ...about, revision: current.revision, worker: "w" as WorkerId })
              : tell({ _tag: "CancelServiceCall", ...about })
            model = null
          }
          assert.deepStrictEqual(
            open().map(({ createdAt, dueAt, request }) => ({ url: request.url, dueAt, submittedAt: createdAt })),
            model === null ? [] : ([model] as never)
          )
          assert.lengthOf(rows(), made)
        }
      }),
    { arbitrary: propertyRunsTimes(0.5), tags: ["ADR-0048.1"] }
  )
})
