/**
 * Overwrites what deleted personal data leaves behind in the files of the embedded server. A deleted row stays in its table's file until
 * a vacuum frees it and another row overwrites it, and in the write-ahead log until its segment is removed; a segment that is recycled
 * keeps its contents under a new name. What was copied elsewhere (backups, snapshots of the disk, blocks of an SSD) is out of reach.
 */
import type { PgClient } from "@effect/sql-pg"
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { withSession } from "../Database.ts"

export interface EmbeddedPlace {
  readonly host: string
  readonly port: number
  readonly username: string
  readonly database: string
}

const session = <A, E>(place: EmbeddedPlace, use: (sql: PgClient.PgClient) => Effect.Effect<A, E>) =>
  withSession({ ...place, applicationName: "dueline scrub", startupParameters: { lock_timeout: "30s" } }, use)

const recycling = (place: EmbeddedPlace, setting: "set wal_recycle = off" | "reset wal_recycle") =>
  session(place, (sql) => Effect.andThen(sql.unsafe(`alter system ${setting}`), sql.unsafe("select pg_reload_conf()")))

/** The segment that was written to is closed first; a checkpoint then removes all that recovery no longer needs. */
const dropSegments = (sql: PgClient.PgClient) =>
  Effect.andThen(sql.unsafe("select pg_switch_wal()::text"), sql.unsafe("checkpoint"))

/**
 * Writes the table anew, so that its old file goes, and has the server remove finished segments of its log instead of recycling them.
 * Customers cannot be written while their table is copied. The setting is put back however it ends.
 */
export const scrub = (place: EmbeddedPlace): Effect.Effect<void, SqlError> =>
  Effect.acquireUseRelease(
    recycling(place, "set wal_recycle = off"),
    () =>
      session(place, (sql) =>
        sql.unsafe("vacuum full dueline.personal_data").pipe(
          // Twice: what was going on during the first is in segments that only the second may remove.
          Effect.andThen(dropSegments(sql)),
          Effect.andThen(dropSegments(sql))
        )
      ),
    // In a session of its own: the other may be broken.
    () => Effect.ignore(recycling(place, "reset wal_recycle"))
  ).pipe(Effect.asVoid)
