/** The program's configuration from the environment: checked whole at start, every mistake named at once, no secret ever printed. */
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Context, Effect, Redacted, Schema } from "effect"
import { resolve } from "node:path"
import { Environment } from "./Environment.ts"

type ServerSetting = "DUELINE_NATS_REPLICAS" | "DUELINE_DATABASE_URL" | "DUELINE_NATS_URL" | "DUELINE_REDIS_URL"

export interface Settings extends Omit<typeof Environment.Type, "DUELINE_HOME" | ServerSetting> {
  /** Absolute path. */
  readonly DUELINE_HOME: string
  /** Null: the program keeps a database of its own in its home. */
  readonly DUELINE_DATABASE_URL: Redacted.Redacted | null
  /** Null: everything runs in one process. */
  readonly DUELINE_NATS_URL: Redacted.Redacted | null
  readonly DUELINE_NATS_REPLICAS: 1 | 3
  /** Null: what processes could share, each has for itself. */
  readonly DUELINE_REDIS_URL: Redacted.Redacted | null
}

const copies = (text: "1" | "3"): 1 | 3 => (text === "3" ? 3 : 1)
const hidden = (url: string): Redacted.Redacted | null => (url === "" ? null : Redacted.make(url))

export class Configuration extends Context.Service<Configuration, Settings>()("@dueline/dueline/Configuration") {}

/** `message` has one line per mistake. */
export class ConfigurationInvalid extends Schema.TaggedError<ConfigurationInvalid>()("ConfigurationInvalid", {
  message: Schema.String
}) {}

/** Variables of the command line and of development, which are no settings of the program. */
const ofOthers: ReadonlyArray<string> = [
  "DUELINE_SERVER",
  "DUELINE_TOKEN",
  "DUELINE_NATS_SERVER",
  "DUELINE_HTTPIE",
  "DUELINE_DOCKER_COMPOSE",
  "DUELINE_REDIS_SERVER",
  "DUELINE_POSTGRES_BIN"
]

const isKnown = (name: string): boolean =>
  name in Environment.fields || ofOthers.includes(name) || /^DUELINE_(?:PROPERTY|TEST)_/u.test(name)

const secret = /URL|SECRET|KEY|PASSWORD|TOKEN/u

/** Reads the whole environment; unknown `DUELINE_` variables are mistakes too, since a misspelt one would be ignored silently. */
export const read = (
  env: Readonly<Record<string, string | undefined>>
): Effect.Effect<Settings, ConfigurationInvalid> => {
  const unknown = Object.keys(env)
    .filter((name) => name.startsWith("DUELINE_") && !isKnown(name))
    .map((name) => `${name}: no such setting; see .env.example for all of them`)
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""))
  return Schema.decodeUnknownEffect(Schema.toCodecStringTree(Environment), { errors: "all" })(set).pipe(
    Effect.map((settings) => ({
      ...settings,
      DUELINE_HOME: resolve(settings.DUELINE_HOME),
      DUELINE_DATABASE_URL: hidden(settings.DUELINE_DATABASE_URL),
      DUELINE_NATS_URL: hidden(settings.DUELINE_NATS_URL),
      DUELINE_NATS_REPLICAS: copies(settings.DUELINE_NATS_REPLICAS),
      DUELINE_REDIS_URL: hidden(settings.DUELINE_REDIS_URL)
    })),
    Effect.catch((error) =>
      Effect.fail(
        schemaWords(error.issue).issues.map(({ message, path }) => {
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
