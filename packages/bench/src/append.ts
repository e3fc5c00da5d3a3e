/** How fast the store alone takes what a call writes in its life: three commits, four events at the least, one row, one message. */
import * as Database from "@dueline/postgres/Database"
import * as PostgresPersistence from "@dueline/postgres/write/PostgresPersistence"
import { Intents } from "@dueline/contracts/Intent"
import { CommandId, CorrelationId, EpochMillis, ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import * as Writers from "@dueline/orchestration/Writers"
import { Effect, Layer } from "effect"
import { randomUUID } from "node:crypto"
import type { Figure } from "./Figures.ts"
import { newHome, removeHome } from "./Subject.ts"
import { now } from "./Target.ts"

const tenantId = TenantId.make("00000000-0000-4000-8000-000000000001")
const worker = WorkerId.make("bench")
const correlationId = CorrelationId.make("bench")

const spec = {
  request: {
    method: "POST" as const,
    url: "https://example.com/x",
    headers: {},
    bodyBytes: 40,
    bodySnippet: '{"order":4711}'
  },
  timeoutMs: 30_000,
  retry: defaultRetryPolicy,
  tags: []
}

const life = (callId: ServiceCallId, at: EpochMillis): ReadonlyArray<ServiceCallCommand> => {
  const origin = { correlationId, traceparent: null }
  const response = { bodyBytes: 2, bodySnippet: "ok", truncated: false }
  return [
    { _tag: "SubmitServiceCall", callId, at, spec, dueAt: at, fingerprint: null, origin, sealed: null },
    { _tag: "DueTimeReached", callId, at, revision: 1, worker },
    { _tag: "RecordSuccess", callId, at, epoch: 1, status: 200, durationMs: 1, response }
  ]
}

const runLife = (orchestrator: Orchestrator["Service"]) =>
  Effect.forEach(
    life(ServiceCallId.make(randomUUID()), EpochMillis.make(Math.floor(now()))),
    (command) =>
      orchestrator.ask({
        tenantId,
        commandId: CommandId.make(`${command._tag}:${command.callId}`),
        correlationId,
        actor: { kind: "system", id: "bench" },
        traceparent: null,
        idempotency: null,
        expectedVersion: null,
        command
      }),
    { discard: true }
  )

/** The writer on the embedded store, in this process, without HTTP, `concurrency` calls at a time. */
export const append = async (concurrency: number, calls: number): Promise<ReadonlyArray<Figure>> => {
  const home = newHome()
  const store = PostgresPersistence.layer.pipe(Layer.provide(Database.layerEmbedded({ home })))
  const writer = Writers.layer().pipe(Layer.provide([store, Intents.layer]))
  const measured = Effect.gen(function* () {
    const orchestrator = yield* Orchestrator
    const lives = (count: number) =>
      Effect.forEach(Array.from({ length: count }), () => runLife(orchestrator), { concurrency, discard: true })
    yield* lives(Math.min(calls, 2_000))
    const from = now()
    yield* lives(calls)
    return calls / ((now() - from) / 1_000)
  })
  const rate = await Effect.runPromise(Effect.provide(measured, writer))
  removeHome(home)
  return [{ name: `writer and store alone, whole lives, ${concurrency} at a time`, unit: "calls/s", runs: [rate] }]
}
