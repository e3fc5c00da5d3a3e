/** Worked examples of the operations that need no token. */

const up = [{ name: "database", needed: true, status: "up", durationMs: 0.8 }]
const ready = { status: "ready", dependencies: up }
const notReady = {
  status: "not-ready",
  reason: "database is down",
  dependencies: [{ name: "database", needed: true, status: "down", durationMs: 2_000 }]
}
const readiness = { 200: ready, 503: notReady }

export const systemExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "system.health": {
    200: {
      status: "ok",
      version: "0.1.0",
      startedAt: "2026-01-31T08:00:00.000Z",
      uptimeMs: 3_600_000,
      phase: "serving",
      dependencies: up
    }
  },
  "system.healthReady": readiness,
  "system.ready": readiness,
  "system.startup": readiness,
  "system.jwks": {
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
}
