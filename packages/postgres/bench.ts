import { Effect, Layer } from "effect"
import * as Database from "./src/Database.ts"
import * as P from "./src/PostgresPersistence.ts"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { randomUUID } from "node:crypto"
const B = Number(process.argv[3] ?? 64), N = Number(process.argv[4] ?? 12800)
const meta = () => ({ commandId: randomUUID(), correlationId: "abc123def4567", actor: { kind: "user", id: "user-1" }, traceparent: null })
const ev = (type: string, payload: any) => ({ eventId: randomUUID(), type, eventVersion: 1, payload, metadata: meta(), recordedAt: Date.now() })
const request = { method: "POST", url: "https://example.test/hook/abc", headers: { "content-type": "application/json" }, bodyBytes: 120, bodySnippet: "{\"hello\":\"world\",\"n\":1}" }
const retry = { maxAttempts: 5, initialDelayMs: 1000, maxDelayMs: 600000, multiplier: 2, jitter: 0.2, retryStatuses: [408, 425, 429, 500, 502, 503, 504] }
import { readFileSync, readdirSync } from "node:fs"
const pgCpu = () => readdirSync("/proc").filter((d) => /^\d+$/.test(d)).reduce((sum, d) => { try { if (!readFileSync(`/proc/${d}/cmdline`, "utf8").includes("dueline_writer")) return sum; const f = readFileSync(`/proc/${d}/stat`, "utf8").split(") ")[1]!.split(" "); return sum + Number(f[11]) + Number(f[12]) } catch { return sum } }, 0) * 10000
const tenants = Array.from({ length: 5 }, () => randomUUID())
const row = (t: any, c: any, v: number, x: any) => ({ _tag: "ServiceCallRow", tenantId: t, callId: c, version: v, status: "Scheduled", createdAt: Date.now(), updatedAt: Date.now(), dueAt: Date.now(), wakeAt: Date.now(), revision: 1, attempt: 0, epoch: 0, cancelRequested: false, request, timeoutMs: 30000, retry, tags: ["a"], lastStatus: null, failureReason: null, endedAt: null, worker: null, leaseUntil: null, correlationId: "abc", ...x })
const none = { outbox: [], receipts: [] }
const submit = (c: any) => ({ tenantId: c.t, streamId: c.c, category: "service-call", expectedVersion: 0, events: [ev("ServiceCallSubmitted", { spec: { request, timeoutMs: 30000, retry, tags: ["a"] }, dueAt: 1, fingerprint: null })], row: row(c.t, c.c, 1, {}), sealed: { _tag: "set", value: "x".repeat(200) }, outbox: [], receipts: [{ key: c.c, fingerprint: "f".repeat(40), commandType: "SubmitServiceCall", streamId: c.c, version: 1, answer: { version: 1, outcome: { _tag: "Submitted", callId: c.c, status: "Scheduled", dueAt: 1, attempt: 0 } }, expiresAt: Date.now() + 86400000 }] })
const start = (c: any) => ({ tenantId: c.t, streamId: c.c, category: "service-call", expectedVersion: 1, events: [ev("ExecutionStarted", { epoch: 1, attempt: 1, worker: "w", startedAt: 1, deadlineAt: 2 })], row: row(c.t, c.c, 2, { status: "Running", worker: "w", leaseUntil: Date.now(), createdAt: c.at, wakeAt: c.at, dueAt: c.at }), sealed: { _tag: "keep" }, ...none })
const done = (c: any) => ({ tenantId: c.t, streamId: c.c, category: "service-call", expectedVersion: 2, events: [ev("ExecutionSucceeded", { epoch: 1, attempt: 1, status: 200, durationMs: 5, response: { bodyBytes: 2, bodySnippet: "ok", truncated: false } })], row: row(c.t, c.c, 3, { status: "Succeeded", wakeAt: null, endedAt: Date.now(), createdAt: c.at }), sealed: { _tag: "erase" }, receipts: [], outbox: [{ eventId: randomUUID(), topic: "ops.service-call.succeeded", payload: { schemaVersion: 1, tenantId: c.t, callId: c.c, status: "Succeeded", version: 3 } }] })
await Effect.runPromise(Effect.gen(function*() {
  const p = yield* Persistence
  const db = yield* Database.Database
  for (let round = 0; round < 4; round++) {
    const lat: number[] = []; const seg: number[] = []
    const t0 = performance.now(); const cpu0 = process.cpuUsage(); const pg0 = pgCpu(); let last = t0
    let prev: any[] = [], prev2: any[] = []
    for (let i = 0; i < N; i += B) {
      const fresh = Array.from({ length: B }, () => ({ t: tenants[Math.floor(Math.random() * 5)], c: randomUUID(), at: Date.now() }))
      // mixed stages in one batch, as a writer does: each batch 1/3 of each, B commits in all ~ but here 3 separate batches of B
      for (const b of [fresh.map(submit), prev.map(start), prev2.map(done)]) { if (b.length === 0) continue
        const s = performance.now(); yield* p.commit(b as any); lat.push(performance.now() - s) }
      prev2 = prev; prev = fresh
      if (performance.now() - last > 500) { last = performance.now(); seg.push(Math.round((i + B) / ((last - t0) / 1000))) }
    }
    lat.sort((a, b) => a - b); const el = (performance.now() - t0) / 1000; const cpu = process.cpuUsage(cpu0)
    console.log(`round ${round}: ${Math.round(N / el)} calls/s, ${Math.round(3 * N / el)} commits/s; batch p50 ${lat[lat.length >> 1]!.toFixed(2)} p99 ${lat[Math.floor(lat.length * .99)]!.toFixed(2)} ms; node µs/call ${Math.round((cpu.user + cpu.system) / N)}; PG backend µs/call ${Math.round((pgCpu() - pg0) / N)}; cumul ${seg.join(" ")}`)
  }
  const st = yield* db.writer`select relname, seq_scan::int, seq_tup_read::int, idx_scan::int, idx_tup_fetch::int, n_tup_upd::int, n_tup_hot_upd::int from pg_stat_user_tables order by 1`
  console.table(st)
}).pipe(Effect.provide(P.layer.pipe(Layer.provideMerge(Database.layerEmbedded({ home: process.argv[2]!, settings: JSON.parse(process.env.S ?? "{}") }))))))
