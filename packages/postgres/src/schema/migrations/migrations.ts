/** Every step that this program knows, in order: the files of `packages/postgres/migrations`. */
import { type Migration, migrationOf } from "./Migration.ts"
import { sqlFiles } from "./sqlFiles.ts"

export const migrations: ReadonlyArray<Migration> = sqlFiles("migrations").map(migrationOf)
