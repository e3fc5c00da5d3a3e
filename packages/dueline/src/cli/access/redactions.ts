/** `dueline redaction show`, `set` and `reset`. Beside a running program, which hears of it within five seconds, and without one. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import { RedactionRules } from "@dueline/contracts/ports/TenantRules"
import { type FailedRequests, maxPatterns, noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { randomCorrelationId } from "@dueline/identity/randomId"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresRedactionRules from "@dueline/postgres/write/PostgresRedactionRules"
import { Clock, Effect, Layer } from "effect"
import * as Configuration from "../../Configuration.ts"
import { operator } from "../audit/noteCommand.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { pairs } from "../format.ts"
import { print, Shell, usage } from "../Shell.ts"
import { existingTenant } from "./tenants.ts"
import { tenantIdOf } from "./tokens.ts"

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
