/** What a program knows of the schema, what a database has of it, and whether the two go together. */
import { Effect, Schema } from "effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { serverWords } from "../../SqlFailure.ts"
import { type FunctionFile, functionFiles } from "./functions.ts"
import { checksumOf, type Migration, migrations } from "./Migration.ts"

export interface DatabaseSchema {
  readonly migrations: ReadonlyArray<Migration>
  readonly functions: ReadonlyArray<FunctionFile>
  /** The version of the program, `1.2.3`: tells which of two programs is the newer. */
  readonly release: string
  /** The oldest release whose programs can go on working when this one has migrated the database. */
  readonly serves: string
}

/** What this program brings a database to. */
export const programSchema: DatabaseSchema = { migrations, functions: functionFiles, release: "0.1.0", serves: "0.1.0" }

/** The database is not one this program may touch: newer than it, or its history differs. */
export class MigrationRefused extends Schema.TaggedError<MigrationRefused>()("MigrationRefused", {
  detail: Schema.String
}) {
  override get message(): string {
    return this.detail
  }
}

interface AppliedMigration {
  readonly id: number
  readonly checksum: string
}

interface AppliedFunctions {
  readonly name: string
  readonly checksum: string
  /** Of the program that made them last. */
  readonly release: string
  readonly serves: string
}

/** What was done to a database so far. */
export interface Applied {
  readonly migrations: ReadonlyArray<AppliedMigration>
  readonly functions: ReadonlyArray<AppliedFunctions>
}

/** Of a database that was never migrated. */
export const noneApplied: Applied = { migrations: [], functions: [] }

const noneYet = ["42P01", "3F000"]

const rowsOf = <Row extends object>(sql: SqlClient, statement: string): Effect.Effect<ReadonlyArray<Row>, SqlError> =>
  sql.unsafe<Row>(statement).pipe(
    Effect.catchIf(
      (error) => noneYet.includes(serverWords(error).code),
      () => Effect.succeed([])
    )
  )

/** Nothing when the database is empty; no functions when no program of this kind has worked with it yet. */
export const applied = (sql: SqlClient): Effect.Effect<Applied, SqlError> =>
  Effect.gen(function* () {
    return {
      migrations: yield* rowsOf<AppliedMigration>(sql, "select id, checksum from dueline.migrations order by id"),
      functions: yield* rowsOf<AppliedFunctions>(sql, "select name, checksum, release, serves from dueline.repeatables")
    }
  })

/** Negative when `a` is the older release. Releases are numbers with dots between them. */
export const compareReleases = (a: string, b: string): number => {
  const [left, right] = [a, b].map((release) => release.split(".").map(Number))
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const newestOf = ({ functions }: Applied): AppliedFunctions | undefined =>
  functions.reduce<AppliedFunctions | undefined>(
    (newest, each) => (newest === undefined || compareReleases(each.release, newest.release) > 0 ? each : newest),
    undefined
  )

export interface Missing {
  readonly migrations: ReadonlyArray<Migration>
  readonly functions: ReadonlyArray<FunctionFile>
  /** The functions were made by an older release, so that even those that stay as they are become this one's. */
  readonly release: boolean
}

const nothing: Missing = { migrations: [], functions: [], release: false }

/** A newer program has been here: it left all that programs from `serves` on need, and what it made is not touched. */
const besideNewer = (schema: DatabaseSchema, newest: AppliedFunctions): Missing | MigrationRefused =>
  compareReleases(schema.release, newest.serves) >= 0
    ? nothing
    : new MigrationRefused({
        detail:
          `this database was brought to release ${newest.release}, which works beside programs of ${newest.serves} and later; ` +
          `this program is ${schema.release}: use a newer program`
      })

const refusedHistory = (schema: DatabaseSchema, has: Applied, newer: boolean): MigrationRefused | null => {
  for (const { checksum, id } of has.migrations) {
    const migration = schema.migrations.find((candidate) => candidate.id === id)
    if (migration === undefined) {
      if (newer) continue
      const last = schema.migrations.at(-1)?.id ?? 0
      return new MigrationRefused({
        detail: `the database has migration ${id}, this program ends at ${last}: use a newer program`
      })
    }
    if (checksumOf(migration) !== checksum) {
      return new MigrationRefused({
        detail:
          `this database was made by another version of the program (its step ${id}, ${migration.name}, has other contents): ` +
          "use that version, or start with another DUELINE_HOME"
      })
    }
  }
  return null
}

/** What a database lacks that this program brings; a refusal when the program may not touch it. */
export const missing = (schema: DatabaseSchema, has: Applied): Missing | MigrationRefused => {
  const newest = newestOf(has)
  const newer = newest !== undefined && compareReleases(newest.release, schema.release) > 0
  const refused = refusedHistory(schema, has, newer)
  if (refused !== null) return refused
  if (newer) return besideNewer(schema, newest)
  return {
    migrations: schema.migrations.filter(({ id }) => !has.migrations.some((step) => step.id === id)),
    functions: schema.functions.filter(
      ({ checksum, name }) => !has.functions.some((file) => file.name === name && file.checksum === checksum)
    ),
    release:
      has.functions.some(({ release, serves }) => release !== schema.release || serves !== schema.serves) ||
      has.functions.some(({ name }) => !schema.functions.some((file) => file.name === name))
  }
}

/** How many steps are to be done. */
export const stepsIn = ({ functions, migrations: steps, release }: Missing): number =>
  steps.length + functions.length + (release ? 1 : 0)
