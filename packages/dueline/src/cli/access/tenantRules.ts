/** `dueline retention show`, `set` and `run`, and `dueline redaction show`, `set` and `reset`: what a tenant says of what is kept of its own. */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { RedactionRules, RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { type FailedRequests, maxPatterns, noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { type Days, isWithin, keptDays, mostDays, type RetentionLimits } from "@dueline/contracts/retention"
import { randomCorrelationId } from "@dueline/identity/randomId"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresRedactionRules from "@dueline/postgres/write/PostgresRedactionRules"
import * as PostgresRetention from "@dueline/postgres/write/PostgresRetention"
import * as PostgresRetentionRules from "@dueline/postgres/write/PostgresRetentionRules"
import { Clock, Effect, Layer } from "effect"
import * as Configuration from "../../Configuration.ts"
import { readRetention, retentionLimits } from "../../listSettings.ts"
import { beforeOf, type Counts, makeRetention } from "../../work/Retention.ts"
import { CommandFailed, print, Shell, usage } from "../Shell.ts"
import { existingTenant } from "./tenants.ts"
import { tenantIdOf } from "./tokens.ts"
import { operator } from "../audit/noteCommand.ts"
import { pairs, table } from "../format.ts"
import { openDatabase } from "../database/openDatabase.ts"

interface Tenant {
  readonly id: string
  readonly workspace: string
  readonly days: Days
  /** What the tenant says itself; left out when it says nothing. */
  readonly own?: Days
  /** Calls and ingestions that would be removed now. */
  readonly outlived: number
}

const daysWords = (days: Days): string => (days === null ? "forever" : `${days} days`)

/** The settings, and the store that they are about. */
const opened = <A, E>(
  act: (
    settings: Configuration.Settings
  ) => Effect.Effect<A, E, PostgresRetention.Retention | RetentionRules | TenantDirectory>
) =>
  Effect.gen(function* () {
    const { env } = yield* Shell
    const settings = yield* Configuration.read(env)
    return yield* act(settings).pipe(
      Effect.provide(
        Layer.mergeAll(
          PostgresRetention.layer,
          PostgresRetentionRules.layer,
          PostgresDirectories.layerTenantDirectory
        ).pipe(Layer.provide(openDatabase(settings)))
      )
    )
  })

const examined = (settings: Configuration.Settings) =>
  Effect.gen(function* () {
    const { eachTenant, limitsOf, look } = yield* makeRetention(settings)
    const directory = yield* TenantDirectory
    const rules = yield* RetentionRules
    const tenants: Array<Tenant> = []
    yield* eachTenant((id: TenantId) =>
      Effect.gen(function* () {
        const rule = yield* rules.of(id)
        const days = keptDays(limitsOf(id), rule)
        const before = beforeOf(days, settings.DUELINE_RECEIPT_HOURS, yield* Clock.currentTimeMillis)
        const workspace = (yield* directory.find(id))?.workspace ?? ""
        const outlived = before === null ? 0 : yield* look(id, before)
        tenants.push({ id, workspace, days, ...(rule === null ? {} : { own: rule.days }), outlived })
      })
    )
    return {
      usually: readRetention(settings.DUELINE_RETENTION).usually,
      export: settings.DUELINE_RETENTION_EXPORT,
      tenants
    }
  })

type Examined = Effect.Success<ReturnType<typeof examined>>

const words = ({ export: folder, tenants, usually }: Examined): string =>
  [
    pairs([
      ["kept", daysWords(usually)],
      ["exported to", folder === "" ? "nowhere" : folder]
    ]),
    "",
    table([
      ["tenant", "kept", "says", "to be removed"],
      ...tenants.map(({ days, id, outlived, own, workspace }) => [
        workspace || id,
        daysWords(days),
        own === undefined ? "" : daysWords(own),
        `${outlived}`
      ])
    ])
  ].join("\n")

export const showRetention = Effect.fnUntraced(function* () {
  yield* print(yield* opened(examined), words)
})

/** Through all tenants until nothing is left to remove. */
const removed = (settings: Configuration.Settings) =>
  Effect.gen(function* () {
    const { round } = yield* makeRetention(settings)
    const counts: Counts = { streams: 0, events: 0, letters: 0 }
    while (yield* round(counts, () => true, 1_000)) yield* Effect.yieldNow
    return counts
  })

export const runRetention = Effect.fnUntraced(function* ({ dryRun }: { readonly dryRun: boolean }) {
  if (dryRun) return yield* showRetention()
  yield* print(
    yield* opened(removed),
    ({ events, letters, streams }) =>
      `removed ${streams} calls and ingestions with ${events} events, and ${letters} dead letters`
  )
})

/** `30`, `forever`, or `default` for what the installation says. */
const readWish = (text: string): { readonly days: Days } | null | undefined => {
  if (text === "default") return null
  if (text === "forever") return { days: null }
  const days = Number(text)
  return /^\d{1,5}$/u.test(text) && days >= 1 && days <= mostDays ? { days } : undefined
}

const allowed = ({ least, most }: RetentionLimits): string =>
  most === null ? `at least ${least} days, or forever` : `from ${least} to ${most} days`

export const setRetention = Effect.fnUntraced(function* (asked: { readonly tenant: string; readonly days: string }) {
  const rule = readWish(asked.days)
  if (rule === undefined)
    return yield* usage(`"${asked.days}" is not how long things are kept`, "write days, forever, or default")
  const tenantId = tenantIdOf(asked.tenant)
  const kept = yield* opened((settings) =>
    Effect.gen(function* () {
      const limits = retentionLimits(settings)(tenantId)
      yield* existingTenant(asked.tenant)
      if (rule !== null && !isWithin(limits, rule.days))
        return yield* new CommandFailed({
          message: `this installation allows ${allowed(limits)}`,
          notes: [
            "DUELINE_RETENTION is the most, and DUELINE_RETENTION_LEAST the least; exceptions for a tenant stand in the first"
          ]
        })
      const at = (yield* Clock.currentTimeMillis) as EpochMillis
      const actor = { kind: "operator", id: operator() } as const
      yield* (yield* RetentionRules).set({ tenantId, rule, at, actor, correlationId: yield* randomCorrelationId })
      return keptDays(limits, rule)
    })
  )
  yield* print({ tenant: tenantId, days: kept }, () => `${asked.tenant}: kept for ${daysWords(kept)}`)
})

/** What the tenant says, after `change` where there is one. */
const told = Effect.fnUntraced(function* (tenant: string, change?: (before: Redaction) => Redaction | null) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const tenantId = tenantIdOf(tenant)
  const now = yield* Effect.gen(function* () {
    yield* existingTenant(tenant)
    const rules = yield* RedactionRules
    const before = (yield* rules.of(tenantId)) ?? noRedaction
    if (change === undefined) return before
    const rule = change(before)
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const actor = { kind: "operator", id: operator() } as const
    yield* rules.set({ tenantId, rule, at, actor, correlationId: yield* randomCorrelationId })
    return rule ?? noRedaction
  }).pipe(
    Effect.provide(
      Layer.mergeAll(PostgresRedactionRules.layer, PostgresDirectories.layerTenantDirectory).pipe(
        Layer.provide(openDatabase(settings))
      )
    )
  )
  const { failedRequests, patterns } = now
  yield* print({ tenant: tenantId, patterns, failedRequests }, () =>
    pairs([
      ["struck out", patterns.length === 0 ? "what always is" : `what always is, and ${patterns.join("  ")}`],
      ["requests of failed calls", failedRequests === "keep" ? "kept, sealed" : "erased"]
    ])
  )
})

export const showRedaction = ({ tenant }: { readonly tenant: string }) => told(tenant)

export const setRedaction = Effect.fnUntraced(function* (asked: {
  readonly tenant: string
  readonly patterns: ReadonlyArray<string>
  readonly failedRequests: FailedRequests | undefined
}) {
  const { failedRequests, patterns, tenant } = asked
  if (patterns.length === 0 && failedRequests === undefined)
    return yield* usage("Say what is struck out: --pattern, or --failed-requests", "`dueline redaction reset` ends it")
  if (patterns.length > maxPatterns) return yield* usage(`At the most ${maxPatterns} patterns`)
  yield* told(tenant, (before) => ({
    patterns: patterns.length === 0 ? before.patterns : patterns,
    failedRequests: failedRequests ?? before.failedRequests
  }))
})

export const resetRedaction = ({ tenant }: { readonly tenant: string }) => told(tenant, () => null)
