/**
 * The `.sql` files of a folder of this package, by name, in order of their names. Put together into one file (`scripts/bundle.ts`), the
 * program carries their texts in place of this module: it never finds other texts than those it was made with.
 */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"

export interface SqlFile {
  /** Without its folder and without `.sql`. */
  readonly name: string
  readonly text: string
}

const packageFolder = join(import.meta.dirname, "..", "..", "..")

/** Throws when the folder is not there. */
export const sqlFiles = (folder: string): ReadonlyArray<SqlFile> =>
  readdirSync(join(packageFolder, folder))
    .filter((file) => file.endsWith(".sql"))
    .sort()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      text: readFileSync(join(packageFolder, folder, file), "utf8")
    }))
