/** Whether the data on disk is of the PostgreSQL version that this program brings. */
import { readFileSync } from "node:fs"
import * as path from "node:path"

const versionIn = (data: string): string => {
  try {
    return readFileSync(path.join(data, "PG_VERSION"), "utf8").trim()
  } catch {
    return ""
  }
}

/** Throws when the data directory is of another major version than `version`, or of none. */
export const checkVersion = (data: string, version: string): void => {
  const found = versionIn(data)
  if (found === "") {
    const missing = `${path.join(data, "PG_VERSION")} is missing, empty or not readable, so this is no whole database`
    throw new Error(`${missing}: restore ${data} from a backup, or start with another DUELINE_HOME`)
  }
  const major = version.split(".")[0]
  if (found !== major)
    throw new Error(`the data in ${data} belongs to PostgreSQL ${found}, this program brings ${major}`)
}
