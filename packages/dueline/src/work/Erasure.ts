/**
 * * Everything of a tenant that is deleted is erased, in bounded steps beside the work of the program, and written to a folder before, unless that
 * was declined. Whoever does it may die at any moment: the next one goes on with what is left. What lay sealed, in clear: for the export of a
 * tenant that is deleted, of which nobody could open it afterwards.
 */
import { CustomerId, ServiceCallId, type TenantId } from "@dueline/contracts/Ids"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { IngestionId } from "@dueline/contracts/ingestion/Ingestion"
import {
  courierSecretContext,
  ingestionContext,
  PersonalDataVault,
  RequestVault,
  scheduleContext,
  type SealBroken,
  sealContext,
  SecretVault,
  subscriptionContext
} from "@dueline/contracts/ports/Vaults"
import type { ScheduleId } from "@dueline/contracts/schedule/Schedule"
import { orLogged } from "@dueline/contracts/storeTrouble"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { readParts } from "@dueline/contracts/subscription/sealedParts"
import { type ErasingTenant, Erasure, type SealedText, type Step } from "@dueline/postgres/write/PostgresErasure"
import { Retention } from "@dueline/postgres/write/PostgresRetention"
import { Clock, Effect } from "effect"
import { exportTo } from "./Retention.ts"

/** Of the process that erases: milliseconds that the lease lasts, until it is extended, and until others ask for it again. */
export const leadership = { name: "erasure", ttlMs: 15_000, extendMs: 5_000, retryMs: 5_000 }

/** Streams, rows and audit entries of one step: some ten milliseconds of the database each. */
const limits = { streams: 100, rows: 500, entries: 500 } as const
/** Milliseconds between two steps at the least: as long as the step took, so that half of one connection is left at the worst. */
const pauseMs = 50
/** Between two passes over what had to wait, and between two looks for tenants that are deleted. */
const againMs = 1_000
const restMs = 10_000
/** A process that has not heard of the deletion refuses the tenant after 5 s, and no statement takes longer than 10. */
export const settleMs = 15_000
/** So long after its end what arrived late is looked for once more, at every such time. */
const lateMs = 86_400_000
const lateEveryMs = 600_000

export interface ErasureOptions {
  readonly folder: string
  /** What lies outside of the database. */
  readonly elsewhere: (tenantId: TenantId) => Effect.Effect<void>
  /** Between two passes: whoever erases without a running program seals the log itself. */
  readonly betweenPasses?: Effect.Effect<void>
}

const before = "00000000-0000-0000-0000-000000000000"

export const makeErasure = Effect.fnUntraced(function* ({ betweenPasses, elsewhere, folder }: ErasureOptions) {
  const store = yield* Erasure
  const { events } = yield* Retention
  const opened = yield* makeOpened
  const write = exportTo(folder)

  /** Only what is there is written. */
  const keep = Effect.fnUntraced(function* (
    { exported, tenantId }: ErasingTenant,
    kind: string,
    lines: Effect.Effect<ReadonlyArray<string>, Effect.Error<ReturnType<typeof events>>>
  ) {
    if (!exported) return
    const found = yield* lines
    if (found.length > 0) yield* write({ tenantId, kind, at: yield* Clock.currentTimeMillis, lines: found })
  })

  const unhurried = <A, E, R>(step: Effect.Effect<A, E, R>) =>
    Effect.gen(function* () {
      const from = yield* Clock.currentTimeMillis
      const done = yield* step
      yield* Effect.sleep(Math.max(pauseMs, (yield* Clock.currentTimeMillis) - from))
      return done
    })

  const streamStep = Effect.fnUntraced(function* (tenant: ErasingTenant, ids: ReadonlyArray<string>) {
    const { tenantId } = tenant
    yield* keep(tenant, "events", events(tenantId, ids))
    yield* keep(
      tenant,
      "opened",
      Effect.flatMap(store.sealed(tenantId, ids), (texts) => opened(tenantId, texts))
    )
    return yield* store.eraseStreams(tenantId, ids, yield* Clock.currentTimeMillis)
  })

  /** Once over all that is left. What is not sealed yet is passed over. */
  const pass = Effect.fnUntraced(function* (tenant: ErasingTenant, mayAct: () => boolean) {
    const { tenantId } = tenant
    let altered = 0
    const heard = (step: Step) => {
      altered += step.altered
      return mayAct() && !step.busy
    }
    if (!tenant.begun) yield* keep(tenant, "tenant", events(tenantId, [tenantId]))
    yield* store.begin(tenantId, tenant.begunAt)
    for (let after = before; ; ) {
      const ids = yield* store.streams(tenantId, after, limits.streams)
      const last = ids.at(-1)
      if (last === undefined) break
      if (!heard(yield* unhurried(streamStep(tenant, ids)))) return { end: "busy" as const, altered }
      after = last
    }
    for (;;) {
      const page = yield* store.rows(tenantId, limits.rows)
      if (page === null) break
      yield* keep(tenant, page.table, Effect.succeed(page.lines))
      if (!heard(yield* unhurried(store.eraseRows(tenantId, page)))) return { end: "busy" as const, altered }
    }
    for (;;) {
      const page = yield* store.entries(tenantId, limits.entries)
      if (page.places.length === 0) break
      const at = yield* Clock.currentTimeMillis
      yield* keep(tenant, "audit-entries", Effect.succeed(page.lines))
      const step = yield* unhurried(store.eraseEntries(tenantId, page, at))
      if (!heard(step)) return { end: "busy" as const, altered }
      if (step.removed < page.places.length && step.more !== true) break
    }
    const now = yield* Clock.currentTimeMillis
    const end = yield* store.finish(tenantId, now, now - settleMs)
    if (end === "done") yield* elsewhere(tenantId)
    return { end, altered }
  })

  /** Until nothing is left. `told`: after each pass. */
  const run = Effect.fnUntraced(function* <E, R>(
    tenantId: TenantId,
    told: (tenant: ErasingTenant, altered: number) => Effect.Effect<void, E, R>
  ) {
    for (;;) {
      const tenant = (yield* store.tenants(yield* Clock.currentTimeMillis)).find((one) => one.tenantId === tenantId)
      if (tenant === undefined) return
      const { altered, end } = yield* pass(tenant, () => true)
      if (end === "done") return
      yield* told(tenant, altered)
      if (betweenPasses !== undefined) yield* betweenPasses
      yield* Effect.sleep(againMs)
    }
  })

  /** Of one that nothing is known of: its id is not given to anybody. */
  const bury = Effect.fnUntraced(function* (tenantId: TenantId) {
    const now = yield* Clock.currentTimeMillis
    yield* store.begin(tenantId, now)
    yield* store.finish(tenantId, now, now)
  })

  let lookedLateAt = 0
  const round = Effect.fnUntraced(function* (mayAct: () => boolean) {
    const now = yield* Clock.currentTimeMillis
    const late = now - lookedLateAt >= lateEveryMs
    if (late) lookedLateAt = now
    let more = false
    for (const tenant of yield* store.tenants(late ? now - lateMs : now)) {
      if (!mayAct()) return false
      const { altered, end } = yield* pass(tenant, mayAct)
      if (end !== "done") more = true
      if (altered > 0)
        yield* Effect.logWarning(
          "a deleted tenant's log is not what was sealed, and stays: see `dueline audit verify`",
          {
            tenantId: tenant.tenantId,
            altered
          }
        )
      if (end === "done" && tenant.erasedAt === null)
        yield* Effect.logInfo("a tenant is erased", { tenantId: tenant.tenantId })
    }
    return more
  })

  const loop = (mayAct: () => boolean): Effect.Effect<never> =>
    Effect.gen(function* () {
      const more = yield* round(mayAct).pipe(
        orLogged("warning", "a deleted tenant could not be erased; it is tried again")
      )
      yield* Effect.sleep(more === true ? againMs : restMs)
    }).pipe(Effect.forever)

  return { bury, loop, round, run }
})

/** A line of JSON for each. What does not open any more is written as it lies there. */
export const makeOpened = Effect.gen(function* () {
  const requests = yield* RequestVault
  const profiles = yield* PersonalDataVault
  const secrets = yield* SecretVault

  const parts = (sealed: string, contextOf: (part: string) => string) =>
    Effect.map(
      Effect.forEach(readParts(sealed), ([part, text]) =>
        Effect.map(secrets.open(text, contextOf(part)), (opened) => [part, opened] as const)
      ),
      (opened) => Object.fromEntries(opened) as unknown
    )

  const open = (tenantId: TenantId, { id, kind, sealed }: SealedText): Effect.Effect<unknown, SealBroken> => {
    switch (kind) {
      case "service-call":
        return requests.open(sealed, sealContext(tenantId, ServiceCallId.make(id)))
      case "schedule":
        return requests.open(sealed, scheduleContext(tenantId, id as ScheduleId))
      case "customer":
        return profiles.open(tenantId, CustomerId.make(id), sealed)
      case "courier-source":
        return parts(sealed, (part) => courierSecretContext(tenantId, id as CourierSourceId, part))
      case "subscription":
        return parts(sealed, (part) => subscriptionContext(tenantId, id as SubscriptionId, part))
      default:
        return secrets.open(sealed, ingestionContext(tenantId, id as IngestionId))
    }
  }

  return (tenantId: TenantId, texts: ReadonlyArray<SealedText>): Effect.Effect<ReadonlyArray<string>> =>
    Effect.forEach(texts, (text) =>
      Effect.match(open(tenantId, text), {
        onFailure: ({ detail }) => JSON.stringify({ ...text, unreadable: detail }),
        onSuccess: (opened) => JSON.stringify({ id: text.id, kind: text.kind, opened })
      })
    )
})
