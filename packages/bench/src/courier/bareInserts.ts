/** What the machine and the database give anybody: rows of the size of an event, each durable by itself, without any program around them. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { socketOf } from "../administrator.ts"
import type { Subject } from "../Subject.ts"
import { now } from "../Target.ts"
import { Reactivity } from "effect/reactivity"

/** As many sessions as the server takes without being in its own way. */
const sessions = 16
const body = "x".repeat(600)

/** Rows a second: one `insert` a transaction, `concurrency` asked for at once. */
export const bareInserts = (subject: Subject, concurrency: number, seconds: number): Promise<number> =>
  Effect.gen(function* () {
    const sql = yield* PgClient.make({
      host: socketOf(subject),
      port: 5432,
      username: "dueline_admin",
      database: "dueline",
      maxConnections: sessions
    })
    yield* sql.unsafe(
      "create table bare_inserts (id bigint generated always as identity primary key, body text not null)"
    )
    const from = now()
    const until = from + seconds * 1_000
    let rows = 0
    const client = Effect.gen(function* () {
      while (now() < until) {
        yield* sql`insert into bare_inserts (body) values (${body})`
        rows += 1
      }
    })
    yield* Effect.all(
      Array.from({ length: concurrency }, () => client),
      { concurrency: "unbounded", discard: true }
    )
    const rate = rows / ((now() - from) / 1_000)
    yield* sql.unsafe("drop table bare_inserts")
    return rate
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer), Effect.runPromise)
