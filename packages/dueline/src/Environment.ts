/** Every setting, with its bounds and its default; `.env.example` and docs/configuration.md list the same ones. */
import { makeEgressGuard } from "@dueline/execution/egress/EgressGuard"
import { urlMistake } from "@dueline/postgres/urlMistake"
import { Effect, Schema } from "effect"
import { entriesOf } from "./entriesOf.ts"
import { readRateLimits } from "./rateLimitsOf.ts"
import { readTenantLimits } from "./tenantLimitsOf.ts"

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

/** One server: what is said of several would be passed over. */
const DatabaseUrl = Schema.String.check(
  Schema.makeFilter((text) => {
    const mistake = urlMistake(text)
    if (mistake !== null) return mistake
    const fits = text === "" || (URL.canParse(text) && /^postgres(?:ql)?:$/u.test(new URL(text).protocol))
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
  LOG_LEVEL: Schema.Literals(["debug", "info", "warn", "error"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("info" as const))
  ),
  LOG_FORMAT: Schema.Literals(["auto", "json", "pretty"]).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed("auto" as const))
  ),
  DUELINE_EGRESS_ALLOW: EgressList.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_CONCURRENCY: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1_024 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(256))
  ),
  DUELINE_RECEIPT_HOURS: Schema.Int.check(Schema.isBetween({ minimum: 24, maximum: 8_760 })).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(168))
  ),
  DUELINE_ISSUER: Schema.NonEmptyString.pipe(Schema.withDecodingDefaultKey(Effect.succeed("dueline"))),
  DUELINE_DRAIN_MS: Millis(0, 60_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(500))),
  DUELINE_SHUTDOWN_MS: Millis(1_000, 120_000).pipe(Schema.withDecodingDefaultKey(Effect.succeed(20_000))),
  DUELINE_REDACT: Schema.String.pipe(Schema.withDecodingDefaultKey(Effect.succeed(""))),
  DUELINE_DATABASE_URL: DatabaseUrl,
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
  DUELINE_RATE_LIMITS: readable(readRateLimits, "not a list of rates").pipe(
    Schema.withDecodingDefaultKey(Effect.succeed(""))
  ),
  DUELINE_FSYNC: Schema.Literals(["on", "off"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("on" as const))),
  DUELINE_MIGRATE: Schema.Literals(["yes", "no"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("yes" as const))),
  DUELINE_NEW_KEYS: Schema.Literals(["yes", "no"]).pipe(Schema.withDecodingDefaultKey(Effect.succeed("no" as const)))
})
