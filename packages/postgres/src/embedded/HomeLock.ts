/** One program per home: a file that names its holder, believed only while that very process lives. */
import { Effect, Schema, type Scope } from "effect"
import { execFileSync } from "node:child_process"
import {
  linkSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync
} from "node:fs"
import * as path from "node:path"
import { makeDirectory } from "./ServerPlace.ts"

/** Another program runs on this home. */
export class HomeInUse extends Schema.TaggedError<HomeInUse>()("HomeInUse", { home: Schema.String, pid: Schema.Int }) {
  override get message(): string {
    return `${this.home} is in use by process ${this.pid}: stop it, or choose another DUELINE_HOME`
  }
}

/** Nothing can be kept in the home; `detail` says why, and what to do. */
export class HomeUnusable extends Schema.TaggedError<HomeUnusable>()("HomeUnusable", { detail: Schema.String }) {
  override get message(): string {
    return this.detail
  }
}

const codeOf = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined)

const mine = (): string => `${process.pid} ${processFacts(process.pid)?.startedAt ?? ""}`

const holderOf = (record: string): number | null => {
  const [pid = "", ...rest] = record.trim().split(" ")
  const facts = processFacts(Number(pid))
  return facts !== null && facts.startedAt === rest.join(" ") ? Number(pid) : null
}

const read = (file: string): string | null => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return null
  }
}

/** Linking fails when the name exists, so exactly one of several claimants gets it, and the file is never seen half written. */
const claim = (file: string): boolean => {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, mine())
  try {
    linkSync(draft, file)
    return true
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
    return false
  } finally {
    unlinkSync(draft)
  }
}

/** Moves a dead holder's file away; puts it back if a live one turned out to have taken its place meanwhile. */
const sweep = (file: string): void => {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
    if (holderOf(read(aside) ?? "") !== null) linkSync(aside, file)
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT" && codeOf(cause) !== "EEXIST") throw cause
  } finally {
    rmSync(aside, { force: true })
  }
}

const take = (home: string): HomeInUse | null => {
  const file = path.join(home, "dueline.pid")
  for (let round = 0; round < 5; round++) {
    if (claim(file)) return null
    const pid = holderOf(read(file) ?? "")
    if (pid !== null) return new HomeInUse({ home, pid })
    sweep(file)
  }
  throw new Error(`cannot take ${file}`)
}

const release = (home: string): void => {
  const file = path.join(home, "dueline.pid")
  if (read(file) === mine()) rmSync(file, { force: true })
}

const failureOf = (home: string, cause: unknown): HomeUnusable => {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new HomeUnusable({
    detail: `cannot write in ${home}: ${reason}; set DUELINE_HOME to a directory that this user may write`
  })
}

const made = (home: string): Effect.Effect<void, HomeUnusable> =>
  Effect.try({
    try: () => makeDirectory(home),
    catch: (cause) => new HomeUnusable({ detail: cause instanceof Error ? cause.message : String(cause) })
  })

/** Holds the home until the scope closes. A holder that was killed leaves a file nobody believes. */
export const homeLock = (home: string): Effect.Effect<void, HomeInUse | HomeUnusable, Scope.Scope> =>
  Effect.acquireRelease(
    made(home).pipe(
      Effect.andThen(Effect.try({ try: () => take(home), catch: (cause) => failureOf(home, cause) })),
      Effect.flatMap((refusal) => (refusal === null ? Effect.void : Effect.fail(refusal)))
    ),
    () => Effect.sync(() => release(home))
  )

/** What the operating system knows about a process: enough to tell whether a recorded pid is still the process that was meant. */
export interface ProcessFacts {
  /** Differs between two processes that got the same pid one after the other. */
  readonly startedAt: string
  readonly commandLine: string
}

const fromProc = (pid: number): ProcessFacts | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    // The second field is the command's name in parentheses and may itself hold spaces and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    if (fields[0] === "Z" || fields[0] === "X") return null
    const commandLine = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim()
    return { startedAt: fields[19] ?? "", commandLine }
  } catch {
    return null
  }
}

const fromPs = (pid: number): ProcessFacts | null => {
  try {
    const ask = (column: string) =>
      execFileSync("ps", ["-ww", "-o", `${column}=`, "-p", String(pid)], { encoding: "utf8" }).trim()
    return { startedAt: ask("lstart"), commandLine: ask("command") }
  } catch {
    return null
  }
}

/** Null when there is no such process, or only its remains. */
export const processFacts = (pid: number): ProcessFacts | null =>
  process.platform === "linux" ? fromProc(pid) : fromPs(pid)

const workingDirectory = (pid: number): string => {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ""
  }
}

/** Live processes that work in the directory, given without links; null where the system does not tell. */
export const processesIn = (directory: string): ReadonlyArray<number> | null =>
  process.platform === "linux"
    ? readdirSync("/proc")
        .filter((name) => /^\d+$/u.test(name))
        .map(Number)
        .filter((pid) => workingDirectory(pid) === directory && processFacts(pid) !== null)
    : null
