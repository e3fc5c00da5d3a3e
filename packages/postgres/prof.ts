import { Effect } from "effect"
import * as Database from "./src/Database.ts"
import * as E from "./src/EmbeddedServer.ts"
import { writes } from "./src/migrations/0003_writes.ts"
import { writes as _ } from "./src/migrations/0003_writes.ts"
await Effect.runPromise(Effect.scoped(Effect.gen(function*() {
  const s = yield* E.make({ home: process.argv[2]! })
  yield* Database.withSession({ host: s.socketDirectory, port: s.port, username: s.superuser, database: "dueline" }, (sql) => Effect.gen(function*() {
    let f = writes.statements[0]!.replace("create function", "create or replace function")
    if (process.argv[3] !== "restore") {
      let n = 0
      f = f.replace("conflict record;", "conflict record; t0 timestamptz := clock_timestamp(); m text := '';")
      f = f.replace(/\n  (insert into|if p_rows|if p_erased|if p_outbox|if p_receipts)/g, (_, x) => `\n m := m || ' ' || '${++n}:' || extract(microseconds from clock_timestamp() - t0)::int; t0 := clock_timestamp();\n  ${x}`)
      f = f.replace(/end \$\$$/, () => "m := m || ' end:' || extract(microseconds from clock_timestamp() - t0)::int; raise log 'PROF %', m;\nend $$")
    }
    yield* sql.unsafe(f)
  }))
})))
