/** What the program depends on, and how that is: the source of every health answer. */
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import { OutsideIssuers } from "@dueline/identity/outside/OutsideIssuers"
import { Database, type Pool } from "@dueline/postgres/Database"
import type { DatabaseRole } from "@dueline/postgres/schema/Roles"
import { readSession, sessionMistakes } from "@dueline/postgres/sessionFacts"
import { RedisConnection } from "@dueline/redis/RedisConnection"
import { Clock, Effect, Exit, Layer, Option } from "effect"
import { type Deployment, takesInOnly } from "./Deployment.ts"
import { Cluster } from "./Cluster.ts"
import { CurrentPhase, version } from "./Phase.ts"
import { WriteWatch } from "./Storage.ts"

/** A check that takes longer than this counts as failed. */
const checkTimeout = "2 seconds"

/** The question answers null, or why the dependency is of no use although it answered. */
const check = (name: string, needed: boolean, question: Effect.Effect<string | null, unknown>) =>
  Effect.gen(function* () {
    const from = yield* Clock.currentTimeNanos
    const exit = yield* Effect.exit(Effect.timeout(question, checkTimeout))
    const durationMs = Number((yield* Clock.currentTimeNanos) - from) / 1e6
    const reason = Exit.isSuccess(exit) ? exit.value : "it does not answer"
    return { name, needed, up: reason === null, durationMs, ...(reason === null ? {} : { reason }) }
  })

const answers = (question: Effect.Effect<unknown, unknown>): Effect.Effect<null, unknown> => Effect.as(question, null)

/** The rights that this process works with, so that the check says what its own connections can do. */
const poolOf = ({ roles }: Deployment): Pool => {
  if (roles.has("api")) return "edge"
  return roles.has("orchestrator") ? "writer" : "worker"
}

/**
 * NATS, Redis and outside issuers are checked where they are configured. Without Redis everything goes on, each process for itself; an issuer
 * is up while keys of it are held, whether it answers or not. The database is up while
 * it answers on a session that is what it has to be, and takes what this process writes.
 */
export const layer = (deployment: Deployment) =>
  Layer.effect(
    HealthChecks,
    Effect.gen(function* () {
      const pool = poolOf(deployment)
      const role: DatabaseRole = takesInOnly(deployment) ? "ingest" : pool
      const database = (yield* Database)[pool]
      const { trouble } = yield* WriteWatch
      const phase = yield* CurrentPhase
      const { id, link, processes } = yield* Cluster
      const redis = yield* Effect.serviceOption(RedisConnection)
      const issuers = Option.match(yield* Effect.serviceOption(OutsideIssuers), {
        onNone: () => [],
        onSome: ({ states }) => states
      })
      const startedAt = yield* Clock.currentTimeMillis
      const stored = Effect.map(readSession(database), (facts) => sessionMistakes(role, facts)[0] ?? trouble())
      const checks = [
        check("database", true, stored),
        ...(link === null ? [] : [check("nats", true, answers(link))]),
        ...Option.match(redis, { onNone: () => [], onSome: ({ ping }) => [check("redis", false, answers(ping))] }),
        // Own tokens and API keys are good without them.
        ...issuers.map(({ issuer, trouble }) => check(`issuer ${issuer}`, false, Effect.sync(trouble)))
      ]
      return HealthChecks.of({
        version,
        startedAt,
        phase: phase.get,
        processes: processes ?? (() => [{ id, roles: [...deployment.roles] }]),
        dependencies: Effect.all(checks, { concurrency: "unbounded" })
      })
    })
  )
