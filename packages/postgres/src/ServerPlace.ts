/** Where the embedded server's files are: its data, its socket, its log. */
import { createHash } from "node:crypto"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readFileSync,
  realpathSync,
  symlinkSync
} from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { makeDirectory } from "./makeDirectory.ts"
import { canReach, type ServerAccount } from "./ServerAccount.ts"

export interface ServerPlace {
  readonly base: string
  readonly data: string
  /** Holds the Unix socket; only the server's account and root may enter. */
  readonly socketDirectory: string
  readonly log: string
}

/** `sockaddr_un` leaves 107 bytes for the path on Linux and 103 elsewhere; the socket's own name and a slash take part of it. */
const longestSocketDirectory = 103 - "/.s.PGSQL.5432.lock".length

const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16)

const ownedDirectory = (directory: string, account: ServerAccount | null): void => {
  makeDirectory(directory)
  const stat = lstatSync(directory)
  const mine = process.getuid?.() ?? stat.uid
  if (!stat.isDirectory() || (stat.uid !== mine && stat.uid !== account?.uid)) {
    throw new Error(`${directory} belongs to somebody else`)
  }
  if (account !== null) chownSync(directory, account.uid, account.gid)
  chmodSync(directory, 0o700)
}

const note = (home: string, elsewhere: string): void => {
  const file = path.join(home, "README.txt")
  const line = `The database files are in ${elsewhere}: the account that runs the server cannot enter this directory.\n`
  if (!existsSync(file) || !readFileSync(file, "utf8").includes(elsewhere)) appendFileSync(file, line)
}

/** The base inside home, or outside it (with a link and a note in home) when the account cannot get in. */
const baseFor = (home: string, account: ServerAccount | null, state: string): string => {
  const inside = path.join(home, "postgres")
  if (canReach(home, account)) return inside
  const outside = path.join(state, digest(home))
  if (!existsSync(inside)) symlinkSync(outside, inside)
  note(home, outside)
  return outside
}

const socketDirectoryFor = (base: string, account: ServerAccount | null): string => {
  const inside = path.join(base, "run")
  if (Buffer.byteLength(inside) <= longestSocketDirectory) return inside
  const short = account === null ? tmpdir() : existsSync("/run") ? "/run" : "/tmp"
  return path.join(short, `dueline-${digest(base)}`)
}

/** Creates what is missing. `home` is absolute; `state` is where data goes that must lie outside of home. */
export const serverPlace = (home: string, account: ServerAccount | null, state = "/var/lib/dueline"): ServerPlace => {
  makeDirectory(home)
  const base = baseFor(realpathSync(home), account, state)
  const socketDirectory = socketDirectoryFor(base, account)
  ownedDirectory(base, account)
  ownedDirectory(socketDirectory, account)
  return { base, data: path.join(base, "data"), socketDirectory, log: path.join(base, "server.log") }
}
