/**
 * Starts, finds and stops one PostgreSQL server process. It waits on the machine's own timers: a real process lives in real time,
 * whatever clock the program was given.
 */
import { execFile, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from "node:fs"
import * as path from "node:path"
// oxlint-disable-next-line eslint/no-restricted-imports -- a real server process starts and stops in real time
import { setTimeout as wait } from "node:timers/promises"
import { promisify } from "node:util"
import { processesIn, processFacts } from "./HomeLock.ts"
import type { ServerAccount } from "./ServerBinaries.ts"
import type { ServerPlace } from "./ServerPlace.ts"

export interface Postmaster {
  readonly pid: number
  /** True when it was found running and taken over. */
  readonly adopted: boolean
}

export interface PostmasterOptions {
  readonly binaries: string
  readonly place: ServerPlace
  readonly account: ServerAccount | null
  readonly superuser: string
  readonly settings: Readonly<Record<string, string>>
}

const logLimit = 4 * 1024 * 1024
const environment = { PATH: process.env["PATH"], LC_ALL: "C.UTF-8", TZ: "UTC" }
const identity = (account: ServerAccount | null) => (account === null ? {} : { uid: account.uid, gid: account.gid })

/** Initialised under another name and renamed when whole: a data directory that exists is a finished one. */
export const initialise = async (options: PostmasterOptions & { readonly sync: boolean }): Promise<void> => {
  const { account, binaries, place, superuser } = options
  if (existsSync(place.data)) return
  const unfinished = `${place.data}.new`
  rmSync(unfinished, { recursive: true, force: true })
  const flags = [
    "--auth=trust",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-instructions",
    ...(options.sync ? [] : ["--no-sync"])
  ]
  await promisify(execFile)(path.join(binaries, "bin", "initdb"), ["-D", unfinished, "-U", superuser, ...flags], {
    ...identity(account),
    env: environment,
    cwd: place.base
  })
  renameSync(unfinished, place.data)
}

const argumentsOf = ({ place, settings }: PostmasterOptions): ReadonlyArray<string> => [
  "-D",
  place.data,
  "-k",
  place.socketDirectory,
  ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])
]

const executableOf = ({ binaries }: PostmasterOptions): string => path.join(binaries, "bin", "postgres")

/** What the server says about itself in its lock file; line 8 is its state. */
const recorded = (place: ServerPlace): { readonly pid: number; readonly ready: boolean } | null => {
  try {
    const lines = readFileSync(path.join(place.data, "postmaster.pid"), "utf8").split("\n")
    return { pid: Number(lines[0]), ready: lines[7]?.trim() === "ready" }
  } catch {
    return null
  }
}

/** The live server of this data directory, whoever started it. */
const running = (
  options: PostmasterOptions
): { readonly pid: number; readonly ready: boolean; readonly same: boolean } | null => {
  const record = recorded(options.place)
  const facts = record === null ? null : processFacts(record.pid)
  if (record === null || facts === null || !facts.commandLine.includes(options.place.data)) return null
  return { ...record, same: facts.commandLine === [executableOf(options), ...argumentsOf(options)].join(" ") }
}

const isAlive = (pid: number): boolean => processFacts(pid) !== null

const settled = async (done: () => boolean, limitMs: number, stepMs: number): Promise<boolean> => {
  for (let waited = 0; waited < limitMs; waited += stepMs) {
    if (done()) return true
    await wait(stepMs)
  }
  return done()
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch {
    // Gone already, which is what was wanted.
  }
}

/** Fast shutdown; after `patienceMs` the immediate one, which leaves crash recovery to the next start. */
export const stop = async (pid: number, patienceMs = 5_000): Promise<void> => {
  for (const [name, limit] of [
    ["SIGINT", patienceMs],
    ["SIGQUIT", 5_000],
    ["SIGKILL", 5_000]
  ] as const) {
    signal(pid, name)
    if (await settled(() => !isAlive(pid), limit, 5)) return
  }
}

/** Everything the server ever logs is bounded: one file and its predecessor. Appending writers survive a truncation. */
export const boundLog = (place: ServerPlace): void => {
  if ((statSync(place.log, { throwIfNoEntry: false })?.size ?? 0) > logLimit) truncateSync(place.log, 0)
}

const lastWords = (place: ServerPlace): string =>
  existsSync(place.log) ? readFileSync(place.log, "utf8").trimEnd().split("\n").slice(-5).join("\n") : ""

const launch = async (options: PostmasterOptions): Promise<Postmaster> => {
  const { account, place } = options
  if (existsSync(place.log)) renameSync(place.log, `${place.log}.1`)
  const log = openSync(place.log, "a", 0o640)
  // A session of its own: the terminal's interrupt must reach the program first, which then drains and stops the server itself.
  const child = spawn(executableOf(options), argumentsOf(options), {
    ...identity(account),
    env: environment,
    cwd: place.base,
    detached: true,
    stdio: ["ignore", log, log]
  })
  closeSync(log)
  let ended = false
  child.once("exit", () => (ended = true))
  child.once("error", () => (ended = true))
  child.unref()
  const ready = () => ended || (recorded(place)?.pid === child.pid && recorded(place)?.ready === true)
  await settled(ready, 60_000, 2)
  if (ended || child.pid === undefined) throw new Error(notStarted(lastWords(place), place))
  return { pid: child.pid, adopted: false }
}

/** The server says so of a lock file or a memory segment of one before it that is not all gone yet. */
const leftovers = /lock file "[^"]*" already exists|pre-existing shared memory block|is another postmaster/iu
/** How long processes of a killed server may take to be gone. */
const leftoversMs = 20_000

/**
 * A killed server leaves a lock file, which the next one believes while there is any process of that number: another program's, or the
 * remains of the killed one that nobody has collected. It is taken away when no process works in the data directory any more.
 */
const clearLock = (place: ServerPlace): void => {
  const record = recorded(place)
  if (record === null) return
  const facts = processFacts(record.pid)
  if (facts !== null && facts.commandLine.includes(place.data)) return
  if (processesIn(place.data)?.length === 0) rmSync(path.join(place.data, "postmaster.pid"), { force: true })
}

/** Tries again, a bounded time, while what stands in the way are the remains of a server that was killed. */
const launchPatiently = async (options: PostmasterOptions): Promise<Postmaster> => {
  for (let waited = 0; ; waited += 250) {
    try {
      return await launch(options)
    } catch (error) {
      if (waited >= leftoversMs || !leftovers.test(String(error))) throw error
      await wait(250)
      clearLock(options.place)
    }
  }
}

/**
 * A server left behind by a killed program is taken over when it is ready and was started with the very same binaries and settings;
 * any other one on this data directory is stopped first.
 */
export const start = async (options: PostmasterOptions): Promise<Postmaster> => {
  const found = running(options)
  if (found !== null) {
    if (found.same && (await settled(() => running(options)?.ready === true, 200, 5)))
      return { pid: found.pid, adopted: true }
    await stop(found.pid)
  }
  return launchPatiently(options)
}

/** Resolves when the process is gone. */
export const gone = async (pid: number, abort: AbortSignal, each: () => void): Promise<void> => {
  while (isAlive(pid)) {
    each()
    await wait(250, undefined, { signal: abort, ref: false })
  }
}

/** What to do when the embedded server does not start, by what it says last. Its own words follow, since they name the file. */
interface Where {
  /** The server's data directory, and its log. */
  readonly data: string
  readonly log: string
}

type Remedy = readonly [says: RegExp, todo: (where: Where) => string]

const remedies: ReadonlyArray<Remedy> = [
  [/No space left on device/u, () => "make room on its disk"],
  [
    /Permission denied|invalid permissions|wrong ownership/u,
    ({ data }) => `give ${data} and all in it back to the user that it belonged to, with mode 0700`
  ],
  [
    /already exists|pre-existing shared memory|another postmaster/u,
    () => "end the server that works in that directory, and try again"
  ],
  [/could not (?:map anonymous|create) shared memory|could not create semaphores/u, () => "give it more memory"],
  [/could not load .*pg_hba\.conf/su, ({ data }) => `put ${data}/pg_hba.conf back: one line, \`local all all trust\``]
]

const restore = ({ log }: Where): string =>
  `its files are not whole: restore the home from a backup (docs/backup.md). More of what it says is in ${log}`

export const notStarted = (words: string, where: Where): string => {
  const todo = remedies.find(([says]) => says.test(words))?.[1] ?? restore
  return `the server did not start: ${todo(where)}. It says: ${words}`
}
