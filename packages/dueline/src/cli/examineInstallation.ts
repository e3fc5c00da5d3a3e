/** What `dueline doctor` does. */
import * as Database from "@dueline/postgres/Database"
import { troubleWith } from "@dueline/postgres/DatabaseTrouble"
import * as EmbeddedServer from "@dueline/postgres/embedded/EmbeddedServer"
import { Effect, type Scope } from "effect"
import { SqlError } from "effect/sql/SqlError"
import * as Configuration from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { databaseChecks, diskCheck, filesCheck, hostsChecks } from "../preflight/checks.ts"
import { type Check, fatal, type Finding, sentenceOf, warning } from "../preflight/Finding.ts"
import { readHome } from "../preflight/readHome.ts"
import { Ended, print, Shell } from "./Shell.ts"
import { attachedPools } from "./database/openDatabase.ts"

type Pools = Database.Database["Service"]
type Opened = { readonly pools: Pools } | { readonly finding: Finding }

const patience = "20 seconds"

const messageOf = (error: unknown): string => {
  if (error instanceof SqlError) {
    const trouble = troubleWith(error)
    return trouble._tag === "defect" ? String(error.reason.cause) : trouble.why
  }
  return error instanceof Error ? error.message : String(error)
}

const notOpened = (error: unknown): Opened => ({
  finding: fatal("database", `the database cannot be used: ${messageOf(error)}`, "see to it, then look again")
})

/** Nothing is migrated and there is no waiting: what a start would wait for is a finding. */
const openEmbedded = (settings: Configuration.Settings): Effect.Effect<Opened, never, Scope.Scope> =>
  EmbeddedServer.make({ home: settings.DUELINE_HOME, durable: settings.DUELINE_FSYNC === "on" }).pipe(
    Effect.flatMap(({ port, socketDirectory }) => Database.socketPools({ host: socketDirectory, port })),
    Effect.catchTag("HomeInUse", (inUse) => attachedPools(settings, inUse)),
    Effect.map((pools): Opened => ({ pools })),
    Effect.catch((error) => Effect.succeed(notOpened(error)))
  )

const openUrl = (
  url: NonNullable<Configuration.Settings["DUELINE_DATABASE_URL"]>,
  pooler: boolean
): Effect.Effect<Opened, never, Scope.Scope> =>
  Effect.gen(function* () {
    const pools = yield* Database.urlPools({ url, pooler })
    yield* pools.writer`select 1`
    return { pools } as Opened
  }).pipe(
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(new Error("it does not answer")) }),
    Effect.catch((error) => Effect.succeed(notOpened(error)))
  )

const runAll = <R>(checks: ReadonlyArray<Check<R>>) =>
  Effect.map(
    Effect.forEach(checks, ({ run }) => run),
    (found) => found.flat()
  )

const examine = Effect.fnUntraced(function* (settings: Configuration.Settings) {
  const url = settings.DUELINE_DATABASE_URL
  const home = homeAt(settings.DUELINE_HOME)
  const facts = yield* readHome(home)
  const alone = url === null
  const files: ReadonlyArray<Check> = [
    filesCheck(settings, facts, alone),
    ...(alone && facts.data ? [diskCheck(home.data)] : [])
  ]
  const first = yield* runAll(files)
  const done = files.map(({ name }) => name)
  if (alone && !facts.data) {
    const none = warning(
      "database",
      `there is no database in ${home.data} yet`,
      "start the program, or run `dueline migrate`"
    )
    return { checks: [...done, "database"], findings: facts.id === null ? [...first, none] : first }
  }
  const pooler = settings.DUELINE_DATABASE_POOLER === "yes"
  const opened = yield* url === null ? openEmbedded(settings) : openUrl(url, pooler)
  if ("finding" in opened) return { checks: [...done, "database"], findings: [...first, opened.finding] }
  const servers = url === null ? [] : hostsChecks({ url, pooledAs: pooler ? "dueline_worker" : undefined })
  const checks = [...servers, ...databaseChecks(settings, facts)]
  const found = yield* Effect.provideService(runAll(checks), Database.Database, opened.pools)
  // The files alone may have told already what they tell beside the database.
  const more = found.filter(({ detail }) => !first.some((other) => other.detail === detail))
  return { checks: [...done, ...checks.map(({ name }) => name)], findings: [...first, ...more] }
}, Effect.scoped)

const wordsOf = (findings: ReadonlyArray<Finding>): string =>
  findings
    .map((finding) => `${finding.severity === "fatal" ? "wrong" : "beware"}  ${finding.check}: ${sentenceOf(finding)}`)
    .join("\n")

export const examineInstallation = Effect.fnUntraced(function* () {
  const settings = yield* Configuration.read((yield* Shell).env)
  const { checks, findings } = yield* examine(settings)
  const ok = findings.length === 0
  yield* print({ ok, checks, findings }, () => (ok ? `nothing is wrong: ${checks.join(", ")}` : wordsOf(findings)))
  if (!ok) return yield* new Ended({ exitCode: 1 })
})
