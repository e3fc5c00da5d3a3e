/** Puts a stored database of a released version back, as its own program left it. */
import { Effect } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { gunzipSync } from "node:zlib"
import { programSchema } from "../../schema/migrations/DatabaseSchema.ts"
import { migrate } from "../../schema/Migrations.ts"
import { type TableText, writeTables } from "./tableTexts.ts"

export const storedTables = (folder: string): ReadonlyArray<TableText> =>
  JSON.parse(gunzipSync(readFileSync(join(folder, "tables.json.gz"))).toString("utf8"))

/** The schema of a release that knew this many migrations, and no functions but those of its migrations. */
export const migrateTo = (sql: SqlClient, steps: number) =>
  migrate(sql, {
    canLogIn: true,
    schema: { ...programSchema, migrations: programSchema.migrations.slice(0, steps), functions: [] }
  })

/** Into an empty database, as a superuser. */
export const restoreTables = (sql: SqlClient, folder: string, steps: number) =>
  Effect.andThen(migrateTo(sql, steps), writeTables(sql, storedTables(folder)))
