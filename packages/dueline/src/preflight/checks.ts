/** The checks of an installation as values, for whoever wants to know all that is wrong without a start. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Database, type Pool, poolNames } from "@dueline/postgres/Database"
import { troubleWith } from "@dueline/postgres/DatabaseTrouble"
import { askHosts, hostsOf, type Login, type Standing } from "@dueline/postgres/hosts/askHosts"
import { readInstallation } from "@dueline/postgres/schema/Installation"
import {
  applied,
  MigrationRefused,
  missing,
  programSchema,
  stepsIn
} from "@dueline/postgres/schema/migrations/DatabaseSchema"
import { readSession, sessionMistakes } from "@dueline/postgres/sessionFacts"
import { Effect, Schedule } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { realpathSync } from "node:fs"
import { statfs } from "node:fs/promises"
import { type Check, fatal, type Finding, warning } from "./Finding.ts"
import { type AdmissionSettings, findingsOf } from "./admission.ts"
import { judgeFiles } from "./judge.ts"
import type { HomeFacts } from "./readHome.ts"

/** `embedded`: the database has to be in the home. */
export const filesCheck = (settings: AdmissionSettings, facts: HomeFacts, embedded: boolean): Check => ({
  name: "home",
  run: Effect.succeed([
    ...facts.unreadable,
    ...(embedded ? judgeFiles(facts, settings.DUELINE_NEW_KEYS === "yes") : [])
  ])
})

const unanswered = (check: string) => (error: SqlError | StoreUnavailable) => {
  const sql = error._tag === "SqlError" ? error : null
  const trouble = sql === null ? null : troubleWith(sql)
  const why = trouble !== null && trouble._tag !== "defect" ? trouble.why : String(sql?.reason.cause ?? error.cause)
  return Effect.succeed([
    fatal(check, `the database does not answer what is asked of it: ${why}`, "see to it, then look again")
  ])
}

const sessionFindings = (role: Pool) =>
  Effect.gen(function* () {
    const database = yield* Database
    const facts = yield* readSession(database[role])
    const wrong = sessionMistakes(role, facts).map((mistake) => fatal("sessions", `the session of ${role}`, mistake))
    return facts?.readOnly === true
      ? [
          ...wrong,
          fatal("sessions", "the database is read-only", "end the failover, or take default_transaction_read_only back")
        ]
      : wrong
  }).pipe(Effect.catch(unanswered("sessions")))

const sessions: Check<Database> = {
  name: "sessions",
  run: Effect.map(Effect.forEach(poolNames, sessionFindings), (found) => {
    const seen = new Set<string>()
    // What is wrong with all three is said once.
    return found.flat().filter(({ advice }) => !seen.has(advice) && seen.add(advice))
  })
}

const schemaFindings = Effect.gen(function* () {
  const lacks = missing(programSchema, yield* applied((yield* Database).writer))
  if (lacks instanceof MigrationRefused) {
    return [fatal("schema", "the database is not one of this version", lacks.detail)]
  }
  const steps = stepsIn(lacks)
  const found: ReadonlyArray<Finding> =
    steps === 0
      ? []
      : [
          warning(
            "schema",
            `the database lacks ${steps} steps of this program`,
            "run `dueline migrate`, or start the program"
          )
        ]
  return found
}).pipe(Effect.catch(unanswered("schema")))

/** Cannot be asked of a database that lacks the tables for it. */
const installation = (settings: AdmissionSettings, facts: HomeFacts): Check<Database> => ({
  name: "installation",
  run: Effect.gen(function* () {
    if ((yield* schemaFindings).length > 0) return []
    const found = yield* findingsOf(settings, facts, yield* readInstallation((yield* Database).writer))
    // What is wrong with the files alone was found before.
    return found.filter((finding) => !facts.unreadable.includes(finding))
  }).pipe(
    Effect.catchTag("KeyFileUnusable", ({ detail }) =>
      Effect.succeed([fatal("keys", detail, "mend the file, or restore it from a backup")])
    ),
    Effect.catch(unanswered("installation"))
  )
})

export const databaseChecks = (settings: AdmissionSettings, facts: HomeFacts): ReadonlyArray<Check<Database>> => [
  sessions,
  { name: "schema", run: schemaFindings },
  installation(settings, facts)
]

/** Warns of a disk that is going to be full, before it is: of the home, where the embedded database lies. */
const gibibyte = 2 ** 30
/** Below this many bytes, or this part of the whole, whichever is more. */
const leastBytes = gibibyte
const leastShare = 0.05

const mebibytes = (bytes: number): string => `${Math.floor(bytes / 2 ** 20).toLocaleString("en")} MiB`

export interface DiskFacts {
  readonly free: number
  readonly whole: number
}

export const judgeDisk = (directory: string, { free, whole }: DiskFacts): ReadonlyArray<Finding> =>
  free >= Math.max(leastBytes, whole * leastShare)
    ? []
    : [
        warning(
          "disk",
          `${mebibytes(free)} of ${mebibytes(whole)} are free on the disk of ${directory}`,
          "make room, or move the home to a larger disk: without space nothing is accepted and no result is kept"
        )
      ]

const look = async (directory: string): Promise<ReadonlyArray<Finding>> => {
  const { bavail, blocks, bsize } = await statfs(realpathSync(directory))
  return judgeDisk(directory, { free: bavail * bsize, whole: blocks * bsize })
}

/** `directory` is where the database's files are. */
export const diskCheck = (directory: string): Check => ({
  name: "disk",
  run: Effect.tryPromise(() => look(directory)).pipe(
    Effect.catch(({ cause }) =>
      Effect.succeed([
        fatal("disk", `${directory} cannot be looked at`, `see to it that it is there (${String(cause)})`)
      ])
    )
  )
})

/** Looks now and then for as long as the scope is open; says when it becomes scarce, and when there is enough again. */
export const watchDisk = (directory: string) =>
  Effect.gen(function* () {
    let scarce = false
    const round = Effect.gen(function* () {
      const [found] = yield* diskCheck(directory).run
      if (found !== undefined && !scarce) yield* Effect.logWarning(`${found.detail}: ${found.advice}`)
      if (found === undefined && scarce) yield* Effect.logInfo(`there is room again on the disk of ${directory}`)
      scarce = found !== undefined
    })
    yield* Effect.forkScoped(Effect.repeat(round, Schedule.spaced("30 seconds")))
  })

/** Looks at every server that DUELINE_DATABASE_URL names, so that one which could not take over is known before it has to. */
const wrongWith = (standing: Standing, later: number): string | null => {
  if (standing._tag === "standby") return null
  if (standing._tag !== "writes") return standing.why
  return standing.timeline < later
    ? `it takes writes on timeline ${standing.timeline}, and another one on ${later}`
    : null
}

const hostsCheck = (login: Login): Check => ({
  name: "servers",
  run: Effect.map(askHosts(login), (asked) => {
    const later = Math.max(0, ...asked.map(({ standing }) => (standing._tag === "writes" ? standing.timeline : 0)))
    return asked.flatMap(({ host, standing }) => {
      const wrong = wrongWith(standing, later)
      const advice = "make it a standby again, or take it out of DUELINE_DATABASE_URL (docs/runbook.md, Failover)"
      return wrong === null ? [] : [warning("servers", `${host.place} could not take over: ${wrong}`, advice)]
    })
  })
})

/** Nothing is to be said of the only one there is: the other checks ask it. */
export const hostsChecks = (login: Login): ReadonlyArray<Check> =>
  hostsOf(login).length > 1 ? [hostsCheck(login)] : []
