/** The checks of an installation as values, for whoever wants to know all that is wrong without a start. */
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Database, type Pool, poolNames } from "@dueline/postgres/Database"
import { troubleWith } from "@dueline/postgres/DatabaseTrouble"
import { readInstallation } from "@dueline/postgres/schema/Installation"
import {
  applied,
  MigrationRefused,
  missing,
  programSchema,
  stepsIn
} from "@dueline/postgres/schema/migrations/DatabaseSchema"
import { readSession, sessionMistakes } from "@dueline/postgres/sessionFacts"
import { Effect } from "effect"
import type { SqlError } from "effect/sql/SqlError"
import { type AdmissionSettings, findingsOf } from "./admission.ts"
import { type Check, fatal, type Finding, warning } from "./Finding.ts"
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
