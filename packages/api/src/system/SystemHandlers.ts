/** Health and keys, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { ProbeApi } from "@dueline/contracts/api/SystemEndpoints"
import { type DependencyHealth, HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { SigningKeys } from "@dueline/secrets/SigningKeys"
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"

/** One answer for each probe. */
const probes = Effect.map(HealthChecks, (checks) => {
  const health = Effect.gen(function* () {
    const dependencies = yield* checks.dependencies
    return {
      status: dependencies.every(({ up }) => up) ? ("ok" as const) : ("degraded" as const),
      version: checks.version,
      startedAt: formatInstant(checks.startedAt),
      uptimeMs: (yield* Clock.currentTimeMillis) - checks.startedAt,
      phase: checks.phase(),
      dependencies: dependencies.map(shown)
    }
  })

  const ready = Effect.gen(function* () {
    const phase = checks.phase()
    const found = yield* checks.dependencies
    const dependencies = found.map(shown)
    const missing = found
      .filter(({ needed, up }) => needed && !up)
      .map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`))
    if (phase === "serving" && missing.length === 0) return { status: "ready" as const, dependencies }
    const reason = phase === "serving" ? `down: ${missing.join(", ")}` : phase
    return { status: "not-ready" as const, reason, dependencies }
  })

  const startup = Effect.sync(() => {
    const phase = checks.phase()
    return phase === "starting"
      ? { status: "not-ready" as const, reason: phase, dependencies: [] }
      : { status: "ready" as const, dependencies: [] }
  })
  return {
    health: () => health,
    live: () => Effect.void,
    healthReady: () => ready,
    ready: () => ready,
    startup: () => startup
  }
})

export const layer = HttpApiBuilder.group(Api, "system", (handlers) =>
  Effect.gen(function* () {
    const keys = yield* SigningKeys
    return handlers.handleAll({ ...(yield* probes), jwks: () => Effect.sync(() => keys.jwks) })
  })
)

/** The same for a process without an edge. */
export const layerProbes = HttpApiBuilder.group(ProbeApi, "probes", (handlers) =>
  Effect.map(probes, (answers) => handlers.handleAll(answers))
)

export const shown = ({ durationMs, name, needed, reason, up }: DependencyHealth) => ({
  name,
  needed,
  status: up ? ("up" as const) : ("down" as const),
  ...(up || reason === undefined ? {} : { reason }),
  durationMs
})
