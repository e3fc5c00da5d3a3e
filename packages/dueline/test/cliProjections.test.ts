/** `dueline projections rebuild` and `dueline verify` as a person types them, on an embedded database of their own. */
import * as Database from "@dueline/postgres/Database"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { chmodSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { runCli } from "./runCli.ts"

const freshHome = Effect.acquireRelease(
  Effect.sync(() => {
    const home = mkdtempSync(join(tmpdir(), "dueline-projections-"))
    // The server's account has to get through to its own directory.
    chmodSync(home, 0o755)
    return home
  }),
  (home) => Effect.sync(() => rmSync(home, { recursive: true, force: true, maxRetries: 10 }))
)

const tenantId = "00000000-0000-7000-8000-0000000000aa"
const binId = "00000000-0000-7000-8000-0000000000bb"

/** A bin that was created and retired, of which there is a row that says neither. */
const staged = [
  `insert into dueline.tenants (tenant_id, name, created_at) values ('${tenantId}', 'acme', 0)`,
  `insert into dueline.events
      (tenant_id, stream_id, version, category, event_id, type, event_version, payload, metadata, recorded_at)
    select '${tenantId}', '${binId}', v.n, 'bin', gen_random_uuid(), v.p ->> '_tag', 1, v.p, '{"commandId":"x","correlationId":"y","actor":{"kind":"system","id":"z"},"traceparent":null}', now()
    from unnest(array['{"_tag":"BinCreated","bin":{"serialNumber":"S","category":"skip","sizeLitres":9,"location":null,"customerId":null},
      "capacityLitres":9,"createdAt":1,"fingerprint":null,"origin":{"correlationId":"y","traceparent":null}}',
      '{"_tag":"BinRetired"}']::json[]) with ordinality v(p, n)`,
  `insert into dueline.bin_rows (row) values ('{"_tag":"BinRow","tenantId":"${tenantId}",
    "binId":"${binId}","version":1,"serialNumber":"T","category":"skip","sizeLitres":9,"capacityLitres":9,"status":"Active","location":null,
    "customerId":null,"createdAt":1,"updatedAt":1,"correlationId":"y"}')`
]

const damaged = Effect.flatMap(EmbeddedServer.EmbeddedServer, ({ port, socketDirectory, superuser }) =>
  Database.withSession({ host: socketDirectory, port, username: superuser, database: "dueline" }, (sql) =>
    Effect.forEach(staged, (statement) => sql.unsafe(statement), { discard: true })
  )
)

it.effect(
  "verify finds what is wrong, rebuild puts it right, and then all is well",
  () =>
    Effect.gen(function* () {
      const home = yield* freshHome
      const dueline = (...args: ReadonlyArray<string>) =>
        runCli(args, { env: { DUELINE_HOME: home, DUELINE_FSYNC: "off" } })
      assert.strictEqual((yield* dueline("migrate")).exitCode, 0)
      yield* Effect.provide(damaged, EmbeddedServer.layer({ home, durable: false }))

      const wrong = yield* dueline("verify")
      assert.strictEqual(wrong.exitCode, 1)
      assert.match(
        wrong.stdout,
        new RegExp(`row +${tenantId} +${binId} +version is 1, by the log 2; .*status is "Active"`, "u")
      )

      const others = yield* dueline("projections", "rebuild", "--only", "orders", "--json")
      assert.deepInclude(JSON.parse(others.stdout), { ok: true, events: 3, models: {} })

      const rebuilt = yield* dueline("projections", "rebuild")
      assert.deepStrictEqual([rebuilt.exitCode, rebuilt.stderr], [0, ""])
      assert.match(
        rebuilt.stdout,
        /^3 events read, [\d,]+ events\/s\nMODEL +STREAMS +WRITTEN +DROPPED\ntenant +1 +0 +0\nbin +1 +1 +0$/u
      )

      const told = Effect.fnUntraced(function* (...order: ReadonlyArray<string>) {
        const { stdout } = yield* dueline("audit", "list", "--installation", "--json", ...order)
        return (JSON.parse(stdout) as { items: ReadonlyArray<{ action: string }> }).items.map(({ action }) => action)
      })
      assert.deepStrictEqual(yield* told(), ["projections.rebuild", "projections.rebuild", "database.migrate"])
      assert.deepStrictEqual(yield* told("--order", "asc"), [
        "database.migrate",
        "projections.rebuild",
        "projections.rebuild"
      ])

      const right = yield* dueline("verify", "--json")
      assert.deepStrictEqual(JSON.parse(right.stdout), {
        ok: true,
        events: 3,
        rows: 2,
        snapshots: 0,
        sealed: 0,
        findings: []
      })
      assert.strictEqual(right.exitCode, 0)
    }),
  120_000
)
