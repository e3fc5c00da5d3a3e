/** One program per home: a file that names its holder, believed only while that very process lives. */
import { Effect, Schema, type Scope } from "effect"
import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from "node:fs"
import * as path from "node:path"
import { makeDirectory } from "./ServerPlace.ts"
import { processFacts } from "../admin/ProcessTable.ts"

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
