/** Rows that programs of before 0.2 wrote stay where they are: they are right, and a rebuild brings them to the form of today. */
import { CommandId, CorrelationId, EpochMillis, ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { rebuildModels } from "../src/projections/rebuildModels.ts"
import { verifyModels } from "../src/projections/verifyModels.ts"
import { ask, damage, rowsIn, stage } from "./ModelStage.ts"

const tenantId = TenantId.make("00000000-0000-7000-8000-0000000000b2")
const at = EpochMillis.make(1_893_456_000_000)
const correlationId = CorrelationId.make("0abc")
const idOf = (n: number) => ServiceCallId.make(`00000000-0000-7000-8000-${n.toString(16).padStart(12, "0")}`)

/** A call whose first attempt fails, and which may have so many. */
const failingOnce = Effect.fnUntraced(function* (n: number, maxAttempts: number) {
  const { ask } = yield* Orchestrator
  const callId = idOf(n)
  const commands: ReadonlyArray<ServiceCallCommand> = [
    {
      _tag: "SubmitServiceCall",
      callId,
      at,
      dueAt: at,
      fingerprint: null,
      origin: { correlationId, traceparent: null },
      sealed: null,
      spec: {
        request: { method: "GET", url: "https://target.test/", headers: {}, bodyBytes: 0, bodySnippet: null },
        timeoutMs: 1_000,
        retry: { ...defaultRetryPolicy, maxAttempts },
        tags: []
      }
    },
    { _tag: "DueTimeReached", callId, at, revision: 1, worker: WorkerId.make("worker-1") },
    {
      _tag: "RecordFailure",
      callId,
      at,
      epoch: 1,
      reason: "timeout",
      detail: "no answer",
      status: null,
      durationMs: 1_000,
      response: null,
      retryable: true,
      retryAfterMs: null,
      roll: 0.5
    }
  ]
  for (const command of commands) {
    const commandId = CommandId.make(`${command._tag}:${callId}`)
    const actor = { kind: "system", id: "sample" } as const
    const rest = { correlationId, actor, traceparent: null, idempotency: null, expectedVersion: null }
    yield* ask({ tenantId, commandId, ...rest, command })
  }
})

const asBefore = `update dueline.service_calls set due_at = coalesce(not_before, due_at), not_before = null, wait_reason = null,
  failure_reason = case when status = 'Failed' then 'attempts_exhausted' else failure_reason end,
  headers = request_headers, body_snippet = request_snippet, retry = retry_policy, request_headers = null, request_snippet = null,
  retry_policy = null`

it.layer(stage, { excludeTestServices: true, timeout: "120 seconds" })("rows of before 0.2", (it) => {
  it.effect(
    "are right as they are, and are written anew by a rebuild; a wrong one among them is found",
    () =>
      Effect.gen(function* () {
        yield* Effect.all([failingOnce(1, 3), failingOnce(2, 1)])
        const today = yield* rowsIn()
        const [waiting] = yield* ask<{ readonly due: string; readonly wait: string }>(
          `select (not_before - due_at)::text as due, wait_reason as wait from dueline.service_calls where call_id = '${idOf(1)}'`
        )
        assert.deepStrictEqual(waiting, { due: "1000", wait: "retry" })
        yield* damage(asBefore)
        assert.notDeepEqual(yield* rowsIn(), today)
        assert.deepStrictEqual((yield* verifyModels()).findings, [])
        yield* damage(`update dueline.service_calls set due_at = due_at + 1 where call_id = '${idOf(1)}'`)
        assert.lengthOf((yield* verifyModels()).findings, 1)
        yield* rebuildModels({})
        assert.deepStrictEqual(yield* rowsIn(), today)
      }),
    { tags: ["ADR-0012.9", "ADR-0018.5", "ADR-0029.2"] }
  )
})
