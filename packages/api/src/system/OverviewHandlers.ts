/** How everything stands, joined to the API definition. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { Overview } from "@dueline/contracts/api/OverviewEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { forgottenOn, makeCached } from "@dueline/contracts/cache/Cached"
import type { TenantId } from "@dueline/contracts/Ids"
import type { PauseTopic } from "@dueline/contracts/pause/Pause"
import { HealthChecks } from "@dueline/contracts/ports/HealthChecks"
import {
  type CallMinute,
  type OverviewFacts,
  Overviews,
  type WaitingThings,
  type WorkBehind
} from "@dueline/contracts/ports/Overviews"
import type { TenantTopic } from "@dueline/contracts/tenant/Tenant"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect, Layer, Semaphore, Struct } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { reject, storeUnavailable } from "../requests/refusal.ts"
import type { Raw } from "../resources/asking.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { shown } from "./SystemHandlers.ts"

/** How long an overview is good for whoever asks next, in milliseconds: however many look, the store is asked once. */
const goodForMs = 1_000

/** What somebody has just done and looks for, and of whom nothing is kept any more. */
const changed: ReadonlyArray<PauseTopic | TenantTopic> = [
  "ops.pause.created",
  "ops.pause.resumed",
  "ops.tenant.deleting",
  "ops.tenant.deleted"
]

/** What is the same whichever process tells it. */
const Facts = Overview.mapFields(Struct.omit(["dependencies", "of", "phase", "processes", "version"]))

/** Looking across tenants is for whoever may see them. */
const across = "ops:tenants.read"

const minuteMs = 60_000
const nothing = { submitted: 0, succeeded: 0, failed: 0, cancelled: 0, attemptsFailed: 0 }

const told = (happened: Omit<CallMinute, "at">): Omit<CallMinute, "at"> => {
  const { attemptsFailed, cancelled, failed, submitted, succeeded } = happened
  return { submitted, succeeded, failed, cancelled, attemptsFailed }
}

/** All sixty, those in which nothing happened too. */
const hourOf = (minutes: ReadonlyArray<CallMinute>, now: number) => {
  const byMinute = new Map(minutes.map((minute) => [minute.at, minute]))
  const last = Math.floor(now / minuteMs) * minuteMs
  return Array.from({ length: 60 }, (_, n) => {
    const at = last - (59 - n) * minuteMs
    return { at: formatInstant(at), ...told(byMinute.get(at) ?? nothing) }
  })
}

const sumOf = (minutes: ReadonlyArray<CallMinute>): Omit<CallMinute, "at"> =>
  minutes.reduce(
    (sum, minute) => ({
      submitted: sum.submitted + minute.submitted,
      succeeded: sum.succeeded + minute.succeeded,
      failed: sum.failed + minute.failed,
      cancelled: sum.cancelled + minute.cancelled,
      attemptsFailed: sum.attemptsFailed + minute.attemptsFailed
    }),
    nothing
  )

const instantOf = (at: number | null): string | null => (at === null ? null : formatInstant(at))
const waiting = ({ count, more, oldestAt }: WaitingThings) => ({ count, more, oldestAt: instantOf(oldestAt) })

const viewOf = (facts: OverviewFacts, { counting, sealing }: WorkBehind, now: number) => {
  const { calls, circuits, countedAt, deadLetters, ingestion, leases, loops, minutes, overdue } = facts
  const { oldest } = overdue
  const since = (at: number | null) => (at === null || at > now ? null : now - at)
  return {
    at: formatInstant(now),
    calls: { Scheduled: 0, Running: 0, Succeeded: 0, Failed: 0, Cancelled: 0, ...calls },
    countedUntil: formatInstant(countedAt),
    overdue: {
      count: overdue.count,
      more: overdue.more,
      oldest:
        oldest === null
          ? null
          : {
              id: oldest.id,
              tenantId: oldest.tenantId,
              dueAt: formatInstant(oldest.dueAt),
              lateMs: Math.max(0, now - oldest.dueAt)
            }
    },
    lastHour: { ...sumOf(minutes), minutes: hourOf(minutes, now), failures: facts.failures },
    circuits: circuits.map(({ openUntil, target, tenantId }) => ({
      tenantId,
      target,
      openUntil: formatInstant(openUntil)
    })),
    flows: facts.flows,
    pauses: waiting(facts.pauses),
    deadLetters: waiting(deadLetters),
    ingestion: waiting(ingestion),
    behind: { sealing: waiting(sealing), counting: waiting(counting) },
    loops: { outbox: since(loops.outbox), schedules: since(loops.schedules), jobs: since(loops.jobs) },
    leaders: leases.map(({ holder, name }) => ({ work: name, process: holder }))
  }
}

const makeGet = Effect.gen(function* () {
  const overviews = yield* Overviews
  const health = yield* HealthChecks
  // The connections are those of whoever keeps calls alive: one question at a time.
  const turn = yield* Semaphore.make(1)
  const lookup = (tenantId: TenantId | "installation") =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis
      const facts = yield* overviews.of(tenantId === "installation" ? null : tenantId, now)
      return viewOf(facts, yield* overviews.behind, now)
    }).pipe(turn.withPermit)
  const known = yield* makeCached({
    nameOf: (of) => `ops:${of}:overview`,
    value: Facts,
    ttlMs: () => goodForMs,
    find: (of) => lookup(of as TenantId | "installation")
  })

  yield* forgottenOn(known, `overviews-${yield* randomCorrelationId}`, changed, ({ tenantId }) => [
    tenantId,
    "installation"
  ])

  return Effect.fnUntraced(function* ({ query }: Raw<"overview", "get">) {
    const { scopes, tenantId } = yield* Principal
    const { of = "tenant" } = query
    if (of === "installation" && !scopes.includes(across))
      return yield* reject("insufficient_scope", `All tenants together are for who has the scope ${across}.`)
    const facts = yield* known.get(of === "installation" ? of : tenantId).pipe(Effect.catch(storeUnavailable))
    const dependencies = yield* health.dependencies
    return {
      ...facts,
      of,
      phase: health.phase(),
      version: health.version,
      dependencies: dependencies.map(shown),
      processes: health.processes()
    } satisfies Overview
  })
})

export const layer = Layer.effectContext(
  Effect.flatMap(makeGet, (get) =>
    leanGroup(HttpApiBuilder.group(Api, "overview", (handlers) => handlers.handle("get", get)))
  )
)
