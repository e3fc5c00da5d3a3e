/** Health and keys, joined to the API definition. */
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { type DependencyHealth, HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { SigningKeys } from "@dueline/identity/SigningKeys"
import { Clock, Effect } from "effect"
import { HttpApiBuilder } from "effect/http-api"

export const layer = HttpApiBuilder.group(Api, "system", (handlers) =>
  Effect.gen(function* () {
    const checks = yield* HealthChecks
    const { jwks } = yield* SigningKeys

    const health = Effect.gen(function* () {
      const dependencies = yield* checks.dependencies
      return {
        status: dependencies.every(({ up }) => up) ? ("ok" as const) : ("degraded" as const),
        version: checks.version,
        startedAt: formatInstant(checks.startedAt),
        uptimeMs: (yield* Clock.currentTimeMillis) - checks.startedAt,
        phase: yield* checks.phase,
        dependencies: dependencies.map(shown)
      }
    })

    const ready = Effect.gen(function* () {
      const phase = yield* checks.phase
      const found = yield* checks.dependencies
      const dependencies = found.map(shown)
      const missing = found.filter(({ needed, up }) => needed && !up).map(({ name }) => name)
      if (phase === "serving" && missing.length === 0) return { status: "ready" as const, dependencies }
      const reason = phase === "serving" ? `down: ${missing.join(", ")}` : phase
      return { status: "not-ready" as const, reason, dependencies }
    })

    const startup = Effect.map(checks.phase, (phase) =>
      phase === "starting"
        ? { status: "not-ready" as const, reason: phase, dependencies: [] }
        : { status: "ready" as const, dependencies: [] }
    )

    return handlers.handleAll({
      health: () => health,
      live: () => Effect.void,
      healthReady: () => ready,
      ready: () => ready,
      startup: () => startup,
      jwks: () => Effect.succeed(jwks)
    })
  })
)

const shown = ({ durationMs, name, needed, up }: DependencyHealth) => ({
  name,
  needed,
  status: up ? ("up" as const) : ("down" as const),
  durationMs
})
