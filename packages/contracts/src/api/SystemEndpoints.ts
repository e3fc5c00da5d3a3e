/** The HTTP operations that need no token: is the program well, and which keys sign its tokens. */
import { Schema } from "effect"
import { HttpApi, HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import { described } from "./conventions.ts"
import { problems } from "./ProblemError.ts"
import { Timestamp } from "./Wire.ts"

export const Dependency = Schema.Struct({
  name: Schema.String,
  needed: Schema.Boolean,
  status: Schema.Literals(["up", "down"]),
  reason: Schema.optionalKey(Schema.String).annotate({
    description: "What keeps it from being up, where that is known."
  }),
  durationMs: Schema.Finite
}).annotate({ identifier: "Dependency" })

export const Health = Schema.Struct({
  status: Schema.Literals(["ok", "degraded"]),
  version: Schema.String,
  startedAt: Timestamp,
  uptimeMs: Schema.Int,
  phase: Schema.Literals(["starting", "serving", "draining"]),
  dependencies: Schema.Array(Dependency)
}).annotate({ identifier: "Health" })

const ready = { status: Schema.Literal("ready"), dependencies: Schema.Array(Dependency) }
export const Ready = Schema.Struct(ready).annotate({ identifier: "Ready" })
export const NotReady = Schema.Struct({
  ...ready,
  status: Schema.Literal("not-ready"),
  reason: Schema.String
}).annotate({ identifier: "NotReady" })

export const JsonWebKey = Schema.Struct({
  kty: Schema.Literal("RSA"),
  alg: Schema.Literal("RS256"),
  use: Schema.Literal("sig"),
  kid: Schema.String,
  n: Schema.String,
  e: Schema.String
}).annotate({ identifier: "JsonWebKey" })
export const JsonWebKeySet = Schema.Struct({ keys: Schema.Array(JsonWebKey) }).annotate({ identifier: "JsonWebKeySet" })
export type JsonWebKeySet = typeof JsonWebKeySet.Type

const readiness = [Ready, NotReady.pipe(HttpApiSchema.status(503))] as const

const up = [{ name: "database", needed: true, status: "up", durationMs: 0.8 }]
const isReady = { status: "ready", dependencies: up }
const isNotReady = {
  status: "not-ready",
  reason: "database is down",
  dependencies: [{ name: "database", needed: true, status: "down", durationMs: 2_000 }]
}
const readinessExamples = { 200: isReady, 503: isNotReady }

const healthExamples = {
  200: {
    status: "ok",
    version: "0.1.0",
    startedAt: "2026-01-31T08:00:00.000Z",
    uptimeMs: 3_600_000,
    phase: "serving",
    dependencies: up
  }
}

const keyExamples = {
  200: {
    keys: [
      {
        kty: "RSA",
        alg: "RS256",
        use: "sig",
        kid: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
        n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs",
        e: "AQAB"
      }
    ]
  }
}

const error = problems.Internal

const probes = [
  HttpApiEndpoint.get("health", "/health", { success: Health, error }).annotateMerge(
    described("How the program is", "Version, uptime, and how long each dependency took to answer.", healthExamples)
  ),
  HttpApiEndpoint.get("live", "/health/live", { success: HttpApiSchema.NoContent, error }).annotateMerge(
    described("Alive", "Answers as long as the process does.")
  ),
  HttpApiEndpoint.get("healthReady", "/health/ready", { success: readiness, error }).annotateMerge(
    described("Ready", "503 while starting, draining, or without a dependency that is needed.", readinessExamples)
  ),
  HttpApiEndpoint.get("ready", "/ready", { success: readiness, error }).annotateMerge(
    described("Ready (short form)", "The same as /health/ready.", readinessExamples)
  ),
  HttpApiEndpoint.get("startup", "/health/startup", { success: readiness, error }).annotateMerge(
    described("Started", "503 until every layer is up, 200 from then on.", readinessExamples)
  )
] as const

export class System extends HttpApiGroup.make("system")
  .add(
    ...probes,
    HttpApiEndpoint.get("jwks", "/.well-known/jwks.json", { success: JsonWebKeySet, error }).annotateMerge(
      described("Public keys", "The keys that the issuer's tokens are signed with (RFC 7517).", keyExamples)
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "System", description: "Health and keys." })) {}

/** What a process without an edge serves. */
export class Probes extends HttpApiGroup.make("probes").add(...probes) {}
export class ProbeApi extends HttpApi.make("dueline-probes").add(Probes) {}
