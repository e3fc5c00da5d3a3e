/** What the database of a home holds, whose embedded server is running: for the script that stores a released home. */
import { Effect } from "effect"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { withSession } from "../../Database.ts"
import { serverAccount } from "../../embedded/ServerAccount.ts"
import { serverPlace } from "../../embedded/ServerPlace.ts"
import { describeSchema, type SchemaDescription } from "./describeSchema.ts"
import { readTables, type TableText } from "./tableTexts.ts"

export interface HomeContents {
  readonly schema: SchemaDescription
  readonly tables: ReadonlyArray<TableText>
  /** The database server's process. */
  readonly postmaster: number
}

const superuserAt = (home: string) => {
  const { socketDirectory } = serverPlace(home, serverAccount())
  return { host: socketDirectory, port: 5432, username: "dueline_admin", database: "dueline" }
}

/** One statement, as the superuser. */
export const askHome = (home: string, statement: string): Promise<ReadonlyArray<object>> =>
  Effect.runPromise(withSession(superuserAt(home), (sql) => sql.unsafe<object>(statement)))

export const readHome = (home: string): Promise<HomeContents> => {
  const { data } = serverPlace(home, serverAccount())
  const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0])
  return Effect.runPromise(
    withSession(superuserAt(home), (sql) =>
      Effect.gen(function* () {
        return { schema: yield* describeSchema(sql), tables: yield* readTables(sql), postmaster }
      })
    )
  )
}
