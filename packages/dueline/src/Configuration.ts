/** The program's configuration from the environment: checked whole at start, every mistake named at once, no secret ever printed. */
import { readLogLevels } from "./logging.ts"
import { readMapTiles } from "@dueline/api/console/mapTiles"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import { isPlain, readIssuers } from "@dueline/identity/outside/IssuerSettings"
import { isPlainProvider, readSignIn } from "@dueline/identity/openid/SignInProvider"
import { databaseHosts } from "@dueline/postgres/hosts/databaseHosts"
import { Context, Effect, Redacted, Schema } from "effect"
import { resolve } from "node:path"
import { entriesOf, readCustomRoles, readRateLimits, readRetention, readTenantLimits } from "./listSettings.ts"
import { readPayloadHosts } from "./payloadHosts.ts"

const Millis = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** A text that its reader throws a sentence about when it is wrong. */
const readable = (read: (text: string) => unknown, otherwise: string) =>
  Schema.String.check(
    Schema.makeFilter((text) => {
      try {
        read(text)
        return true
      } catch (error) {
        return error instanceof Error ? error.message : otherwise
      }
    })
  )

/** The guard that will use the list says what is wrong with it. */
const EgressList = readable((list) => makeEgressGuard(entriesOf(list)), "not a list of hosts")

/** Empty, or the address of a server; several of a cluster are parted by commas. Never shown: it may hold a password. */
const ServerUrl = (...schemes: ReadonlyArray<string>) =>
  Schema.String.check(
    Schema.makeFilter((text) => {
      const fits = entriesOf(text).every((url) => URL.canParse(url) && schemes.includes(new URL(url).protocol))
      return fits || `expected a URL such as ${schemes[0]}//user:password@host/…`
    })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

/** Empty, or where browsers reach the edge: no path, nothing behind it. */
const PublicUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const url = URL.parse(text)
    const fits = text === "" || (url !== null && /^https?:$/u.test(url.protocol) && `${url.origin}/` === url.href)
    return fits || "expected the address alone, such as https://dueline.example"
  })
).pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

/** One server, or several of which one takes writes. */
const DatabaseUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const hosts = databaseHosts(text)
    if (typeof hosts === "string") return hosts
    const fits = text === "" || hosts.every((url) => /^postgres(?:ql)?:$/u.test(URL.parse(url)?.protocol ?? ""))
    return fits || "expected a URL such as postgres://user:password@host/database"
  })
).pipe(Schema.withDecodingDefaultKey(Effect.succeed("")))

/** One entry per variable; `.env.example` and docs/configuration.md list the same ones. */
export const Environment = Schema.Struct({
  DUELINE_HOME: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed(".dueline"))),
  HOST: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("127.0.0.1"))),
  PORT: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(8080))
  ),
  LOG_LEVEL: readable(readLogLevels, "not a level").pipe(Schema.withDecodingDefaultKey(Effect.succeed("info"))),
  LOG_FORMAT: Schema.Literals(["auto", "json", "pretty"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("auto" as const))
  ),
  DUELINE_EGRESS_ALLOW: EgressList.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_PAYLOAD_HOSTS: readable(readPayloadHosts, "not a list of hosts").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_CONCURRENCY: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_024 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(256))
  ),
  DUELINE_RECEIPT_HOURS: Schema.Int.check(Schema.isBetween({ minimum: 24, maximum: 8_760 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(168))
  ),
  DUELINE_PRODUCT_EVENT_DAYS: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 400 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(30))
  ),
  DUELINE_SUBSCRIPTION_DAYS: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 90 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(7))
  ),
  DUELINE_SUBSCRIPTION_DISABLE_HOURS: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 720 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(72))
  ),
  DUELINE_RETENTION_LEAST: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 36_500 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(1))
  ),
  DUELINE_RETENTION: readable(readRetention, "not how long things are kept").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("90"))
  ),
  DUELINE_RETENTION_EXPORT: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_TENANT_EXPORT: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_ISSUER: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("dueline"))),
  DUELINE_PUBLIC_URL: PublicUrl,
  DUELINE_CONSOLE_TILES: Schema.String.check(
    Schema.makeFilter(
      (text) =>
        text === "" ||
        readMapTiles(text) !== null ||
        "expected an https URL with {z}, {x} and {y}, such as https://tiles.example/{z}/{x}/{y}.png, and after a blank who has to be named"
    )
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_SIGN_IN: readable(readSignIn, "not a provider").pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_ISSUERS: readable(readIssuers, "not a list of issuers").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_DRAIN_MS: Millis(0, 60_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(500))),
  DUELINE_SHUTDOWN_MS: Millis(1_000, 120_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(20_000))),
  DUELINE_REDACT: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_DATABASE_URL: DatabaseUrl,
  DUELINE_DATABASE_POOLER: Schema.Literals(["yes", "no"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("no" as const))
  ),
  DUELINE_NATS_URL: ServerUrl("nats:", "tls:"),
  DUELINE_NATS_PREFIX: Schema.String.check(
    Schema.isPattern(/^[A-Za-z0-9_-]{1,32}$/u, { description: "1 to 32 letters, digits, hyphens and underscores" })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed("dl"))),
  DUELINE_NATS_REPLICAS: Schema.Literals(["1", "3"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("1" as const))),
  DUELINE_REDIS_URL: ServerUrl("redis:", "rediss:"),
  DUELINE_TENANT_CONCURRENCY: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0))
  ),
  DUELINE_TENANT_TARGET_CONCURRENCY: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(192))
  ),
  DUELINE_TENANT_RATE: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100_000 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0))
  ),
  DUELINE_TENANT_LIMITS: readable(readTenantLimits, "not a list of tenants' limits").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_ROLES: readable(readCustomRoles, "not a list of roles").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_RATE_LIMITS: readable(readRateLimits, "not a list of rates").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_AUDIT_CHECKPOINTS: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_AUDIT_EVERY: Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 1_000_000_000 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(100_000))
  ),
  DUELINE_FSYNC: Schema.Literals(["on", "off"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("on" as const))),
  DUELINE_MIGRATE: Schema.Literals(["yes", "no"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("yes" as const))),
  OTEL_EXPORTER_OTLP_ENDPOINT: Schema.String.check(
    Schema.makeFilter((text) => {
      const fits = text === "" || (URL.canParse(text) && /^https?:$/u.test(new URL(text).protocol))
      return fits || "expected the URL of a collector, such as http://127.0.0.1:4318"
    })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  OTEL_EXPORTER_OTLP_PROTOCOL: Schema.Literals(["http/protobuf", "http/json"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("http/protobuf" as const))
  ),
  OTEL_EXPORTER_OTLP_HEADERS: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_TRACER: Schema.Literals(["embedded", "sdk"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("embedded" as const))
  ),
  DUELINE_TRACE_RATIO: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0.01))
  ),
  DUELINE_METRICS_PORT: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 65_535 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(0))
  ),
  DUELINE_METRICS_TOKEN: Schema.String.check(
    Schema.isPattern(/^(?:[\w.~+/=-]{16,512})?$/u, {
      description: "empty, or 16 to 512 characters that a bearer token may have (letters, digits, - . _ ~ + / =)"
    })
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_NEW_KEYS: Schema.Literals(["yes", "no"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("no" as const)))
})

type ServerSetting =
  | "OTEL_EXPORTER_OTLP_HEADERS"
  | "DUELINE_METRICS_TOKEN"
  | "DUELINE_NATS_REPLICAS"
  | "DUELINE_DATABASE_URL"
  | "DUELINE_NATS_URL"
  | "DUELINE_REDIS_URL"

export interface Settings extends Omit<typeof Environment.Type, "DUELINE_HOME" | "DUELINE_PUBLIC_URL" | ServerSetting> {
  /** Null: browsers reach the edge where it listens. */
  readonly DUELINE_PUBLIC_URL: URL | null
  /** Absolute path. */
  readonly DUELINE_HOME: string
  /** Null: the program keeps a database of its own in its home. */
  readonly DUELINE_DATABASE_URL: Redacted.Redacted | null
  /** Null: none. */
  readonly OTEL_EXPORTER_OTLP_HEADERS: Redacted.Redacted | null
  /** Null: metrics need no token. */
  readonly DUELINE_METRICS_TOKEN: Redacted.Redacted | null
  /** Null: everything runs in one process. */
  readonly DUELINE_NATS_URL: Redacted.Redacted | null
  readonly DUELINE_NATS_REPLICAS: 1 | 3
  /** Null: what processes could share, each has for itself. */
  readonly DUELINE_REDIS_URL: Redacted.Redacted | null
}

const copies = (text: "1" | "3"): 1 | 3 => (text === "3" ? 3 : 1)
const hidden = (text: string): Redacted.Redacted | null => (text === "" ? null : Redacted.make(text))

export class Configuration extends Context.Service<Configuration, Settings>()("@dueline/dueline/Configuration") {}

/** `message` has one line per mistake. */
export class ConfigurationInvalid extends Schema.TaggedError<ConfigurationInvalid>()("ConfigurationInvalid", {
  message: Schema.String
}) {}

/** Variables of the command line and of development, which are no settings of the program. */
const ofOthers: ReadonlyArray<string> = [
  "DUELINE_BACKUP_PASSPHRASE",
  "DUELINE_SERVER",
  "DUELINE_TOKEN",
  "DUELINE_NATS_SERVER",
  "DUELINE_HTTPIE",
  "DUELINE_DOCKER_COMPOSE",
  "DUELINE_REDIS_SERVER",
  "DUELINE_POSTGRES_BIN",
  "DUELINE_PGBOUNCER",
  "DUELINE_PROMETHEUS",
  "DUELINE_PROMTOOL"
]

const isKnown = (name: string): boolean =>
  name in Environment.fields || ofOthers.includes(name) || /^DUELINE_(?:PROPERTY|TEST)_/u.test(name)

const secret = /(?<!PUBLIC_)URL|SECRET|KEY|PASSWORD|TOKEN|ENDPOINT|HEADERS|ISSUERS|SIGN_IN/u

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
      DUELINE_PUBLIC_URL: URL.parse(settings.DUELINE_PUBLIC_URL),
      DUELINE_DATABASE_URL: hidden(settings.DUELINE_DATABASE_URL),
      OTEL_EXPORTER_OTLP_HEADERS: hidden(settings.OTEL_EXPORTER_OTLP_HEADERS),
      DUELINE_METRICS_TOKEN: hidden(settings.DUELINE_METRICS_TOKEN),
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
      onSuccess: (settings) => {
        const mistakes = [...ownAmongOutside(settings), ...signInNowhere(settings), ...unknown]
        return mistakes.length > 0 ? Effect.fail(invalid(mistakes)) : Effect.succeed(settings)
      }
    })
  )
}

/** Whose keys a token is verified with has to be plain from its issuer. */
const ownAmongOutside = ({ DUELINE_ISSUER, DUELINE_ISSUERS }: Settings): ReadonlyArray<string> =>
  readIssuers(DUELINE_ISSUERS).some(({ issuer }) => issuer === DUELINE_ISSUER)
    ? [`DUELINE_ISSUERS: ${DUELINE_ISSUER} is this installation itself (DUELINE_ISSUER)`]
    : []

/** The provider has to know where to lead browsers back to. */
const signInNowhere = ({ DUELINE_PUBLIC_URL, DUELINE_SIGN_IN }: Settings): ReadonlyArray<string> =>
  DUELINE_SIGN_IN.trim() !== "" && DUELINE_PUBLIC_URL === null
    ? ["DUELINE_PUBLIC_URL: not set, and DUELINE_SIGN_IN leads browsers back to it"]
    : []

/** What only `--demo` allows. */
export const forDemoOnly = (settings: Settings): Effect.Effect<void, ConfigurationInvalid> => {
  const plain = readIssuers(settings.DUELINE_ISSUERS).filter(isPlain)
  const provider = readSignIn(settings.DUELINE_SIGN_IN)
  const mistakes = [
    ...plain.map(({ issuer }) => `DUELINE_ISSUERS: ${issuer}: without --demo, jwksUri is an https URL`),
    ...(provider !== null && isPlainProvider(provider)
      ? [`DUELINE_SIGN_IN: ${provider.issuer}: without --demo, issuer is an https URL`]
      : [])
  ]
  return mistakes.length === 0 ? Effect.void : Effect.fail(invalid(mistakes))
}

const invalid = (mistakes: ReadonlyArray<string>) =>
  new ConfigurationInvalid({
    message: `The configuration has ${mistakes.length === 1 ? "a mistake" : `${mistakes.length} mistakes`}:\n${mistakes
      .map((mistake) => `  ${mistake}`)
      .join("\n")}`
  })
