/** The program's configuration from the environment: checked whole at start, every mistake named at once, no secret ever printed. */
import { makeEgressGuard } from "@dueline/execution/EgressGuard"
import { Context, Effect, Schema, SchemaIssue } from "effect"
import { resolve } from "node:path"

/** The entries of a setting that is a list: parted by commas, blanks around them left out. */
export const entriesOf = (list: string): ReadonlyArray<string> =>
  list
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "")

const Millis = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** The guard that will use the list says what is wrong with it. */
const EgressList = Schema.String.check(
  Schema.makeFilter((list) => {
    try {
      makeEgressGuard(entriesOf(list))
      return true
    } catch (error) {
      return error instanceof Error ? error.message : "not a list of hosts"
    }
  })
)

/** One entry per variable; `.env.example` and the README list the same ones. */
export const Environment = Schema.Struct({
  DUELINE_HOME: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed(".dueline"))),
  HOST: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("127.0.0.1"))),
  PORT: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(8080))
  ),
  LOG_LEVEL: Schema.Literals(["debug", "info", "warn", "error"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("info" as const))
  ),
  LOG_FORMAT: Schema.Literals(["auto", "json", "pretty"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("auto" as const))
  ),
  DUELINE_EGRESS_ALLOW: EgressList.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_CONCURRENCY: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_024 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(64))
  ),
  DUELINE_RECEIPT_HOURS: Schema.Int.check(Schema.isBetween({ minimum: 24, maximum: 8_760 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(168))
  ),
  DUELINE_ISSUER: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("dueline"))),
  DUELINE_DRAIN_MS: Millis(0, 60_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(0))),
  DUELINE_SHUTDOWN_MS: Millis(1_000, 120_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(20_000))),
  DUELINE_REDACT: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_FSYNC: Schema.Literals(["on", "off"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("on" as const))),
  DUELINE_NEW_KEYS: Schema.Literals(["yes", "no"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("no" as const)))
})

export interface Settings extends Omit<typeof Environment.Type, "DUELINE_HOME"> {
  /** Absolute path. */
  readonly DUELINE_HOME: string
}

export class Configuration extends Context.Service<Configuration, Settings>()("@dueline/dueline/Configuration") {}

/** `message` has one line per mistake. */
export class ConfigurationInvalid extends Schema.TaggedError<ConfigurationInvalid>()("ConfigurationInvalid", {
  message: Schema.String
}) {}

/** Variables of the command line, which are no settings of the program. */
const ofCommandLine: ReadonlyArray<string> = ["DUELINE_SERVER", "DUELINE_TOKEN"]

const isKnown = (name: string): boolean =>
  name in Environment.fields || ofCommandLine.includes(name) || name.startsWith("DUELINE_PROPERTY_")

const secret = /URL|SECRET|KEY|PASSWORD|TOKEN/u
const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads the whole environment; unknown `DUELINE_` variables are mistakes too, since a misspelt one would be ignored silently. */
export const read = (
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<Settings, ConfigurationInvalid> => {
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith("DUELINE_") && !isKnown(name))
    .map((name) => `${name}: no such setting; see .env.example for all of them`)
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""))
  return Schema.decodeUnknownEffect(Schema.toCodecStringTree(Environment), { errors: "all" })(set).pipe(
    Effect.map((settings) => ({ ...settings, DUELINE_HOME: resolve(settings.DUELINE_HOME) })),
    Effect.catch((error) =>
      Effect.fail(
        format(error.issue).issues.map(({ message, path }) => {
          const name = String(path?.[0] ?? "")
          const got = secret.test(name) ? "a value that is not shown" : JSON.stringify(set[name])
          return `${name}: ${message} (got ${got})`
        })
      )
    ),
    Effect.matchEffect({
      onFailure: (mistakes) => Effect.fail(invalid([...mistakes, ...unknown])),
      onSuccess: (settings) => (unknown.length > 0 ? Effect.fail(invalid(unknown)) : Effect.succeed(settings))
    })
  )
}

const invalid = (mistakes: ReadonlyArray<string>) =>
  new ConfigurationInvalid({
    message: `The configuration has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}:\n${mistakes
      .map((mistake) => `  ${mistake}`)
      .join("\n")}`
  })
