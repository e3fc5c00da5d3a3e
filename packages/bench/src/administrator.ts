/** A session as superuser on the subject's embedded database. */
import { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import { Reactivity } from "effect/reactivity"
import type { SqlError } from "effect/sql/SqlError"
import { readlinkSync } from "node:fs"
import { join } from "node:path"
import type { Subject } from "./Subject.ts"

/** The embedded server's socket; the home may lead to it through a link. */
export const socketOf = ({ home }: Subject): string => {
  const postgres = join(home, "postgres")
  try {
    return join(readlinkSync(postgres), "run")
  } catch {
    return join(postgres, "run")
  }
}

/** Opened for the question and closed after it. */
export const asAdministrator = <A>(
  subject: Subject,
  use: (sql: PgClient.PgClient) => Effect.Effect<A, SqlError>
): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        PgClient.make({
          host: socketOf(subject),
          port: 5432,
          username: "dueline_admin",
          database: "dueline",
          maxConnections: 1
        }),
        use
      )
    ).pipe(Effect.provide(Reactivity.layer))
  )
