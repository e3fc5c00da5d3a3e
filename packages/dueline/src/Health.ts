/** What the program depends on, and how that is: the source of every health answer. */
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { Database } from "@dueline/postgres/Database"
import type { DatabaseRole } from "@dueline/postgres/Roles"
import { RedisConnection } from "@dueline/redis/RedisConnection"
import { Clock, Effect, Exit, Layer, Option } from "effect"
import type { Deployment } from "./Deployment.ts"
import { Neighbours } from "./Neighbours.ts"
import { CurrentPhase, version } from "./Phase.ts"

/** A check that takes longer than this counts as failed. */
const checkTimeout = "2 seconds"

const check = (name: string, needed: boolean, question: Effect.Effect<unknown, unknown>) =>
  Effect.gen(function* () {
    const from = yield* Clock.currentTimeNanos
    const exit = yield* Effect.exit(Effect.timeout(question, checkTimeout))
    const durationMs = Number((yield* Clock.currentTimeNanos) - from) / 1e6
    return { name, needed, up: Exit.isSuccess(exit), durationMs }
  })

/** The rights that this process works with, so that the check says what its own connections can do. */
const databaseRoleOf = ({ roles }: Deployment): DatabaseRole => {
  if (roles.has("api")) return "edge"
  return roles.has("orchestrator") ? "writer" : "worker"
}

/** NATS and Redis are checked where they are configured. Without Redis everything goes on, each process for itself. */
export const layer = (deployment: Deployment) =>
  Layer.effect(
    HealthChecks,
    Effect.gen(function* () {
      const database = (yield* Database)[databaseRoleOf(deployment)]
      const phase = yield* CurrentPhase
      const { link } = yield* Neighbours
      const redis = yield* Effect.serviceOption(RedisConnection)
      const startedAt = yield* Clock.currentTimeMillis
      const checks = [
        check("database", true, database`select 1`),
        ...(link === null ? [] : [check("nats", true, link)]),
        ...Option.match(redis, { onNone: () => [], onSome: ({ ping }) => [check("redis", false, ping)] })
      ]
      return HealthChecks.of({
        version,
        startedAt,
        phase: Effect.sync(phase.get),
        dependencies: Effect.all(checks, { concurrency: "unbounded" })
      })
    })
  )
