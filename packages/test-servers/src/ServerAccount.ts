/** Under which account PostgreSQL runs: it refuses root, so root lends it an account that already exists. */
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

/** Undefined when this process is not root and the server simply shares its account. */
export const serverAccount = (): ServerAccount | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const entries = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
  const entry = ["postgres", "nobody"].flatMap((name) => entries.find((fields) => fields[0] === name) ?? [])
  const [, , uid, gid] = entry
  return uid === undefined || gid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
}

/** Whether the account may pass every directory down to `target`; what does not exist yet will be made passable. */
const canReach = (target: string, { gid, uid }: ServerAccount): boolean => {
  for (let at = resolve(target); ; at = dirname(at)) {
    const stat = statSync(at, { throwIfNoEntry: false })
    if (stat !== undefined) {
      const bit = stat.uid === uid ? 0o100 : stat.gid === gid ? 0o010 : 0o001
      if ((stat.mode & bit) === 0) return false
    }
    if (at === dirname(at)) return true
  }
}

/** `wanted`, or a place below `outside` when the account could not get through to it, e.g. in a checkout in root's home. */
export const reachable = (wanted: string, outside: string): string => {
  const account = serverAccount()
  if (account === undefined || canReach(wanted, account)) return wanted
  return join(outside, resolve(wanted).replaceAll(/[^\w.-]+/g, "_"))
}

const workspace = join(import.meta.dirname, "..", "..", "..")

/** Where fetched servers are kept: beside `node_modules`, so that removing those costs no new download. */
export const cacheDirectory = (): string => {
  const root = existsSync(join(workspace, "pnpm-workspace.yaml")) ? workspace : process.cwd()
  return reachable(join(root, ".cache", "servers"), "/var/cache/dueline")
}
