/** Where the embedded server's files are: its data, its socket, its log. */
import { createHash } from "node:crypto"
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
  mkdirSync,
  statSync
} from "node:fs"
import { tmpdir } from "node:os"
import * as path from "node:path"
import { canReach, type ServerAccount } from "./ServerBinaries.ts"

const reasonOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))

const isThere = (directory: string): boolean => {
  const stat = statSync(directory, { throwIfNoEntry: false })
  if (stat === undefined) return false
  if (stat.isDirectory()) return true
  throw new Error(`${directory} is not a directory`)
}

/** Step by step: Node's own recursive form never ends where a file system answers ENOENT to a `mkdir`, as procfs does. */
const make = (directory: string): void => {
  if (isThere(directory)) return
  make(path.dirname(directory))
  try {
    mkdirSync(directory, { mode: 0o755 })
  } catch (cause) {
    // Somebody else may have made it meanwhile.
    if (!isThere(directory)) throw cause
  }
}

/** `directory` is absolute. Throws an error that says what to do. */
export const makeDirectory = (directory: string): void => {
  try {
    make(directory)
  } catch (cause) {
    const advice = "set DUELINE_HOME to a directory that this user may write"
    throw new Error(`cannot make ${directory}: ${reasonOf(cause)}; ${advice}`, { cause })
  }
}

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

/** In a base outside of every home: which home it belongs to. */
const ownerFile = (base: string): string => path.join(base, "home.txt")

const ownerOf = (base: string): string | null => {
  try {
    return readFileSync(ownerFile(base), "utf8").trim()
  } catch {
    return null
  }
}

/** Whether another home than this one has a link to the base. */
const isLinkedFrom = (home: string, base: string): boolean => {
  try {
    return realpathSync(path.join(home, "postgres")) === base
  } catch {
    return false
  }
}

/**
 * A link is the home's own word for where its data is, wherever the home has been moved to. A copy of the home has the same link, and two
 * programs on one database would make every call twice.
 */
const followed = (home: string, link: string): string => {
  let base: string
  try {
    base = realpathSync(link)
  } catch {
    throw new Error(
      `${link} is a link to a place that is not there: put the database files back there, or restore them from a backup and ` +
        "let the link lead to them"
    )
  }
  const owner = ownerOf(base)
  if (owner === home) return base
  if (owner !== null && isLinkedFrom(owner, base)) {
    throw new Error(
      `${home} is a copy of ${owner}, and both lead to one database in ${base}: use ${owner}; or, to move it, remove that one first; ` +
        `or, for an installation of its own, replace the link ${link} by a copy of ${base} that was made while no program ran`
    )
  }
  writeFileSync(ownerFile(base), `${home}\n`)
  return base
}

/** What stands inside is used, or the start is refused: it is never passed over for a new place, which would be an empty database. */
const withoutEntry = (home: string, inside: string, account: ServerAccount, state: string): string => {
  if (lstatSync(inside, { throwIfNoEntry: false })?.isDirectory() === true) {
    if (readdirSync(inside).length > 0) {
      throw new Error(
        `${inside} holds the database, and the account ${account.name}, which runs the server since root may not, cannot get there: ` +
          "let others pass the directories above it (chmod o+x), or move the home back to where it was"
      )
    }
    rmdirSync(inside)
  }
  const outside = path.join(state, digest(home))
  if (existsSync(path.join(outside, "data"))) {
    throw new Error(
      `${outside} has the database of an earlier home at ${home}, and this home has no link to it: if it is this one's, ` +
        `\`ln -s ${outside} ${inside}\`; if not, move it away`
    )
  }
  ownedDirectory(outside, account)
  writeFileSync(ownerFile(outside), `${home}\n`)
  symlinkSync(outside, inside)
  note(home, outside)
  return outside
}

/** The base inside home, or outside it (with a link and a note in home) when the account cannot get in. */
const baseFor = (home: string, account: ServerAccount | null, state: string): string => {
  const inside = path.join(home, "postgres")
  if (lstatSync(inside, { throwIfNoEntry: false })?.isSymbolicLink() === true) return followed(home, inside)
  return account === null || canReach(home, account) ? inside : withoutEntry(home, inside, account, state)
}

const socketDirectoryFor = (base: string, account: ServerAccount | null): string => {
  const inside = path.join(base, "run")
  if (Buffer.byteLength(inside) <= longestSocketDirectory) return inside
  const short = account === null ? tmpdir() : existsSync("/run") ? "/run" : "/tmp"
  return path.join(short, `dueline-${digest(base)}`)
}

/** Creates what is missing; throws an error that says what to do when the home is a copy, or has lost its data. `home` is absolute; `state` is where data goes that must lie outside of home. */
export const serverPlace = (home: string, account: ServerAccount | null, state = "/var/lib/dueline"): ServerPlace => {
  makeDirectory(home)
  const base = baseFor(realpathSync(home), account, state)
  const socketDirectory = socketDirectoryFor(base, account)
  ownedDirectory(base, account)
  ownedDirectory(socketDirectory, account)
  return { base, data: path.join(base, "data"), socketDirectory, log: path.join(base, "server.log") }
}
