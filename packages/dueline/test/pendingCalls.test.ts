/** One while pending on a real database: two processes, each an edge and a writer with pools of their own, are asked at the same time. */
import { makePendingCalls } from "@dueline/api/calls/pendingCalls"
import { CommandId, CorrelationId, EpochMillis, type ServiceCallId, WorkerId } from "@dueline/contracts/Ids"
import { Intents } from "@dueline/contracts/Intent"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, OnConflict } from "@dueline/contracts/serviceCall/Spec"
import * as Writers from "@dueline/orchestration/Writers"
import * as Sample from "@dueline/port-contracts/Sample"
import * as Database from "@dueline/postgres/Database"
import * as PostgresCallQueries from "@dueline/postgres/read/PostgresCallQueries"
import * as TestDatabase from "@dueline/postgres/testing/TestDatabase"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { assert, it } from "@effect/vitest"
import { Effect, Layer } from "effect"

const process = Effect.gen(function* () {
  const at = yield* TestDatabase.TestDatabase
  const database = yield* Database.pools((role) => ({ ...at, username: `dueline_${role}` }))
  const ports = Layer.mergeAll(PostgresPersistence.layer, PostgresCallQueries.layer).pipe(
    Layer.provide(Layer.succeed(Database.Database, database))
  )
  return yield* Effect.gen(function* () {
    const queries = yield* CallQueries
    return { queries, edge: makePendingCalls(queries), writer: yield* Writers.make() }
  }).pipe(Effect.provide(Layer.merge(ports, Intents.layer)))
})

const tenant = Sample.tenantId()
const now = Sample.now
let told = 0
const envelope = <C extends ServiceCallCommand>(command: C) => ({
  tenantId: tenant,
  commandId: CommandId.make(`pending:${(told += 1)}`),
  correlationId: CorrelationId.make("0abc"),
  actor: { kind: "user" as const, id: "u" },
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command
})

const submission = (callId: ServiceCallId, url: string, onConflict: OnConflict, dueAt: number) =>
  envelope({
    _tag: "SubmitServiceCall",
    callId,
    at: EpochMillis.make(now),
    dueAt: EpochMillis.make(dueAt),
    fingerprint: null,
    origin: { correlationId: CorrelationId.make("0abc"), traceparent: null },
    spec: {
      request: { method: "POST", url, headers: {}, bodyBytes: 0, bodySnippet: null },
      timeoutMs: 1_000,
      retry: defaultRetryPolicy,
      tags: [],
      pending: { key: "report" }
    },
    sealed: null,
    pending: { onConflict, longestWaitMs: null }
  })

it.layer(TestDatabase.layer, { excludeTestServices: true })("one while pending, on a database", (it) => {
  it.effect(
    "never are two pending, whoever asks at the same time and whatever begins meanwhile",
    () =>
      Effect.gen(function* () {
        const processes = [yield* process, yield* process]
        const [{ queries, writer }] = processes as [(typeof processes)[number]]
        const list = queries.list({
          tenantId: tenant,
          filter: { status: null, tags: [], dueFrom: null, dueTo: null, search: null },
          after: null,
          limit: 100
        })
        const open = Effect.map(list, ({ rows }) =>
          rows.filter(({ epoch, status }) => status === "Scheduled" && epoch === 0)
        )
        for (let round = 1; round <= 6; round += 1) {
          const asked = OnConflict.literals.flatMap((onConflict) =>
            processes.map(({ edge, writer }, n) =>
              edge.submit(tenant, "report", (callId) =>
                writer.ask(
                  submission(
                    callId,
                    `https://example.com/${round}/${n}/${onConflict}`,
                    onConflict,
                    now + round * 1_000 + n
                  )
                )
              )
            )
          )
          const [before] = yield* open
          const begin =
            before === undefined
              ? Effect.void
              : writer.ask(
                  envelope({
                    _tag: "DueTimeReached",
                    callId: before.callId,
                    at: EpochMillis.make(Math.max(now, before.dueAt)),
                    revision: before.revision,
                    worker: WorkerId.make("w")
                  })
                )
          const outcomes = yield* Effect.all([Effect.exit(begin), ...asked], { concurrency: "unbounded" })
          const pending = yield* open
          assert.isAtMost(pending.length, 1, `round ${round}`)
          const ids = new Set(
            outcomes.slice(1).flatMap((one) => ("outcome" in one ? [one.outcome.callId as ServiceCallId] : []))
          )
          // The one that began meanwhile, or the one before and its successor.
          assert.isAtMost(ids.size, 2)
          const { rows } = yield* list
          for (const id of ids) assert.isTrue(rows.some(({ callId }) => callId === id))
        }
        const { rows } = yield* list
        assert.isAtLeast(rows.length, 2)
      }),
    { tags: ["ADR-0048.1"] }
  )
})
