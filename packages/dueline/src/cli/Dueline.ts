/** The command line: every command, and how a run of one ends. */
import { CliConfig, CliError, CliOutput, GlobalFlag } from "effect/cli"
import * as Command from "effect/cli/Command"
import { Console, Effect } from "effect"
import { readFileSync } from "node:fs"
import { audit } from "./audit/AuditCommands.ts"
import { call } from "./calls/CallCommands.ts"
import { dlq, outbox } from "./intake/MessageCommands.ts"
import { jobs } from "./calls/JobCommands.ts"
import {
  backup,
  erasures,
  migrate,
  projections,
  restore,
  retention,
  scrub,
  sql,
  verify
} from "./database/DatabaseCommands.ts"
import { bus, consoleLink, doctor, overview, serve, token } from "./InstallationCommands.ts"
import { apiKey, session, signingKey } from "./access/AccessCommands.ts"
import { flow, pause } from "./calls/WaitingCommands.ts"
import { schedule } from "./calls/ScheduleCommands.ts"
import { subscription } from "./calls/SubscriptionCommands.ts"
import { bin, customer, order } from "./field/FieldCommands.ts"
import { event, source } from "./intake/SourceCommands.ts"
import { Ended, JsonOutput } from "./Shell.ts"
import { redaction, tenant } from "./access/TenantCommands.ts"

/** From package.json, so that `--version` loads nothing else of the program. */
const manifest: unknown = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"))

const version: string =
  typeof manifest === "object" && manifest !== null && "version" in manifest ? String(manifest.version) : "unknown"

const dueline = Command.make("dueline").pipe(
  Command.withDescription(
    "Dueline makes HTTP calls when they are due, and keeps their history. " +
      "Exit codes: 0 done, 1 refused or failed, 2 wrong usage; `call watch` has its own."
  ),
  Command.withSubcommands([
    serve,
    overview,
    call,
    jobs,
    dlq,
    outbox,
    schedule,
    flow,
    pause,
    subscription,
    token,
    consoleLink,
    session,
    migrate,
    doctor,
    verify,
    projections,
    retention,
    redaction,
    sql,
    scrub,
    backup,
    restore,
    erasures,
    tenant,
    signingKey,
    customer,
    bin,
    order,
    source,
    event,
    apiKey,
    audit,
    bus
  ]),
  Command.withGlobalFlags([JsonOutput]),
  Command.withExamples([
    { command: "dueline serve --demo", description: "Run the program" },
    { command: "dueline call submit --url https://example.com/hooks/42 --delay 3s", description: "Have a call made" },
    { command: "dueline --completions bash > /etc/bash_completion.d/dueline", description: "Completion for your shell" }
  ])
)

/** Wrong usage goes to standard error whole; standard output belongs to results. */
const presenter: CliOutput.Presenter = {
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Console.error(
          [
            ...event.errors.map(({ message }) => `error: ${message}`),
            `usage: ${event.helpDoc.usage}`,
            `  see ${event.commandPath.join(" ")} --help`
          ].join("\n")
        )
      : CliOutput.defaultPresenter.present(event)
}

const settings = CliConfig.make({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })

const reportFailure = Effect.fnUntraced(function* (error: unknown, json: boolean) {
  const { describeFailure } = yield* Effect.promise(() => import("./describeFailure.ts"))
  const { detail, exitCode, message, notes } = yield* describeFailure(error)
  yield* Console.error(
    json ? JSON.stringify({ error: detail }) : [`error: ${message}`, ...notes.map((note) => `  ${note}`)].join("\n")
  )
  return exitCode
})

const exitCodeOf = (error: unknown, json: boolean): Effect.Effect<number> => {
  if (error instanceof Ended) return Effect.succeed(error.exitCode)
  if (CliError.isCliError(error)) return Effect.succeed(2)
  return reportFailure(error, json)
}

/** Runs one command line to its exit code. Everything is printed by then; only an interruption is passed on. */
export const run = (args: ReadonlyArray<string>) =>
  Command.runWith(dueline, { version })(args).pipe(
    Effect.as(0),
    Effect.catchDefect((defect) => Effect.fail(defect)),
    Effect.catch((error) => exitCodeOf(error, args.includes("--json"))),
    Effect.provideService(CliOutput.Presenter, presenter),
    Effect.provideService(CliConfig.CliConfig, settings)
  )
