import { Effect, Result } from "effect"
import { PgTypes } from "@effect/sql-pg"
import * as Database from "./src/Database.ts"
import * as E from "./src/EmbeddedServer.ts"
import { randomUUID } from "node:crypto"
const arr = (v: any[], oid: number) => Result.getOrThrow(PgTypes.array(v, oid))
await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const s = yield* E.make({ home: "/tmp/pgprobe/h3" })
  yield* Database.withSession({ host: s.socketDirectory, port: s.port, username: s.superuser, database: "postgres" }, (sql) => Effect.gen(function*() {
    const rows = Array.from({ length: 64 }, () => ({ t: randomUUID(), c: randomUUID(), v: 1, s: "Scheduled", ca: Date.now(), ua: Date.now(), da: Date.now(), wa: Date.now(), rv: 1, at: 0, ep: 0, cr: false, me: "POST", ur: "https://example.test/hook/abc", he: "{\"content-type\":\"application/json\"}", bb: 120, bs: "\"{}\"", tm: 30000, re: JSON.stringify({ maxAttempts: 5, initialDelayMs: 1000, maxDelayMs: 600000, multiplier: 2, jitter: 0.2, retryStatuses: [408, 425, 429, 500, 502, 503, 504] }), ls: null, fr: null, ea: null, wo: null, lu: null, co: "abc", se: "x".repeat(200) }))
    const cols = ["t uuid","c uuid","v int","s text","ca bigint","ua bigint","da bigint","wa bigint","rv int","at int","ep int","cr bool","me text","ur text","he text","bb int","bs text","tm int","re text","ls int","fr text","ea bigint","wo text","lu bigint","co text","se text"]
    const oid: any = { uuid: PgTypes.OID.uuid, int: PgTypes.OID.int4, bigint: PgTypes.OID.int8, text: PgTypes.OID.text, bool: PgTypes.OID.bool }
    const list = cols.map((c) => c.split(" ")) as [string, string][]
    const q1 = `select count(*)::int, max(length(re)), max(c::text) from json_to_recordset($1::text::json) as x(${cols.join(",")})`
    const q2 = `select count(*)::int, max(length(re)), max(c::text) from unnest(${list.map(([, t], i) => `$${i + 1}::${t}[]`).join(",")}) as x(${list.map(([n]) => n).join(",")})`
    const text = (v: any[], t: string) => "{" + v.map((x) => x === null ? "NULL" : t === "text" ? "\"" + x.replace(/["\\]/g, "\\$&") + "\"" : x).join(",") + "}"
    const q3 = `select count(*)::int, max(length(re)), max(c::text) from unnest(${list.map(([, t], i) => `$${i + 1}::text::${t}[]`).join(",")}) as x(${list.map(([n]) => n).join(",")})`
    for (const [name, q, p] of [
      ["json", q1, () => [JSON.stringify(rows)]],
      ["binary arrays", q2, () => list.map(([n, t]) => arr(rows.map((r: any) => t === "bigint" && r[n] !== null ? BigInt(r[n]) : r[n]), oid[t]))],
      ["text arrays", q3, () => list.map(([n, t]) => text(rows.map((r: any) => r[n]), t))]
    ] as any) {
      for (let k = 0; k < 2; k++) {
        const M = 1000; let enc = 0; const t0 = performance.now(); const c0 = process.cpuUsage()
        for (let i = 0; i < M; i++) { const e0 = performance.now(); const pp = p(); enc += performance.now() - e0; yield* sql.unsafe(q, pp) }
        const c = process.cpuUsage(c0)
        if (k) console.log(name, "ms/batch", ((performance.now() - t0) / M).toFixed(3), "encode ms", (enc / M).toFixed(3), "node cpu ms", ((c.user + c.system) / M / 1000).toFixed(3))
      }
    }
  }))
})))
