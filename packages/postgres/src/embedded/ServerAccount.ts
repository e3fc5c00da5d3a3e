/** Under which account the server runs: PostgreSQL refuses root, so root lends it an account that already exists. */
import { readFileSync, statSync } from "node:fs"
import * as path from "node:path"

export interface ServerAccount {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Null when the program does not run as root and the server simply shares its account. */
export const serverAccount = (): ServerAccount | null => {
  if (process.getuid?.() !== 0) return null
  const entries = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
  for (const name of ["postgres", "nobody"]) {
    const entry = entries.find((fields) => fields[0] === name)
    if (entry !== undefined) return { name, uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  throw new Error("running as root, and /etc/passwd has neither `postgres` nor `nobody` to run the database as")
}

/** Whether the account may pass every directory down to `target`; one that does not exist yet will be made passable. */
export const canReach = (target: string, account: ServerAccount | null): boolean => {
  if (account === null) return true
  for (let at = path.resolve(target); ; at = path.dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false })
    if (stat?.isDirectory() === true) {
      const bit = stat.uid === account.uid ? 0o100 : stat.gid === account.gid ? 0o010 : 0o001
      if ((stat.mode & bit) === 0) return false
    }
    if (at === path.dirname(at)) return true
  }
}
