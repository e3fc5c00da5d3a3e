/**
 * What a tenant says of what is kept of its own, joined to the API definition: what is struck out, and how long the rest is kept within what the
 * composition allows.
 */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import {
  type RedactionView,
  type RetentionPreview,
  type RetentionView,
  SetRedaction,
  SetRetention
} from "@dueline/contracts/api/TenantRulesEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import {
  KnownRedactions,
  RedactionRules,
  type RetentionChange,
  RetentionRules
} from "@dueline/contracts/ports/TenantRules"
import { noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { isWithin, keptDays, type RetentionLimits } from "@dueline/contracts/retention"
import { Context, Effect, Layer, Semaphore } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { reject, storeUnavailable } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { now, type Raw } from "../resources/asking.ts"
import { leanGroup } from "../server/leanGroup.ts"

const readRedaction = jsonBody(SetRedaction)

const makeRedaction = Effect.gen(function* () {
  const rules = yield* RedactionRules
  const known = yield* KnownRedactions

  const shown = Effect.gen(function* () {
    const { tenantId } = yield* Principal
    const rule = yield* rules.of(tenantId).pipe(Effect.catch(storeUnavailable))
    const { failedRequests, patterns } = rule ?? noRedaction
    const set = rule === null ? null : { at: formatInstant(rule.at), by: rule.by }
    return { patterns, failedRequests, set } satisfies RedactionView
  })

  const change = Effect.fnUntraced(function* (rule: Redaction | null) {
    const { subject, tenantId } = yield* Principal
    const correlationId = yield* CurrentCorrelationId
    const at = (yield* now) as EpochMillis
    const actor = { kind: "user", id: subject } as const
    yield* rules.set({ tenantId, rule, at, actor, correlationId }).pipe(Effect.catch(storeUnavailable))
    yield* known.refresh
    return yield* shown
  })

  return {
    get: shown,
    set: ({ request }: Raw<"redaction", "set">) => Effect.flatMap(readRedaction(request), change),
    reset: change(null)
  }
})

export const layerRedaction = Layer.effectContext(
  Effect.flatMap(makeRedaction, ({ get, reset, set }) =>
    leanGroup(
      HttpApiBuilder.group(Api, "redaction", (handlers) =>
        handlers
          .handle("get", () => get)
          .handleRaw("set", set)
          .handle("reset", () => reset)
      )
    )
  )
)

/** How long a tenant's own is kept, joined to the API definition. */
const dayMs = 86_400_000

const readRetention = jsonBody(SetRetention)

const boundsWords = ({ least, most }: RetentionLimits): string =>
  most === null ? `at least ${least} days, or null for ever` : `from ${least} to ${most} days`

const outOfBounds = (limits: RetentionLimits) =>
  reject("retention_out_of_bounds", `This installation allows ${boundsWords(limits)}.`)

const makeRetention = Effect.gen(function* () {
  const rules = yield* RetentionRules
  const limitsOf = yield* CurrentRetentionLimits
  // It may look at some ten thousand rows: one at a time.
  const turn = yield* Semaphore.make(1)

  const shown = Effect.fnUntraced(function* (tenantId: TenantId) {
    const limits = limitsOf(tenantId)
    const rule = yield* rules.of(tenantId).pipe(Effect.catch(storeUnavailable))
    return {
      days: keptDays(limits, rule),
      ...limits,
      own: rule === null ? null : { days: rule.days, at: formatInstant(rule.at), by: rule.by }
    } satisfies RetentionView
  })

  const change = Effect.fnUntraced(function* (rule: RetentionChange["rule"]) {
    const { subject, tenantId } = yield* Principal
    const limits = limitsOf(tenantId)
    if (rule !== null && !isWithin(limits, rule.days)) return yield* outOfBounds(limits)
    const correlationId = yield* CurrentCorrelationId
    const at = (yield* now) as EpochMillis
    const actor = { kind: "user", id: subject } as const
    yield* rules.set({ tenantId, rule, at, actor, correlationId }).pipe(Effect.catch(storeUnavailable))
    return yield* shown(tenantId)
  })

  return {
    get: Effect.flatMap(Principal, ({ tenantId }) => shown(tenantId)),
    set: ({ request }: Raw<"retention", "set">) => Effect.flatMap(readRetention(request), change),
    reset: change(null),
    preview: Effect.fnUntraced(function* ({ query: { days } }: Raw<"retention", "preview">) {
      const { tenantId } = yield* Principal
      const limits = limitsOf(tenantId)
      if (!isWithin(limits, days)) return yield* outOfBounds(limits)
      const before = (yield* now) - days * dayMs
      const found = yield* turn.withPermit(rules.outlived(tenantId, before)).pipe(Effect.catch(storeUnavailable))
      return { days, before: formatInstant(before), ...found } satisfies RetentionPreview
    })
  }
})

export const layerRetention = Layer.effectContext(
  Effect.flatMap(makeRetention, ({ get, preview, reset, set }) =>
    leanGroup(
      HttpApiBuilder.group(Api, "retention", (handlers) =>
        handlers
          .handle("get", () => get)
          .handle("preview", preview)
          .handleRaw("set", set)
          .handle("reset", () => reset)
      )
    )
  )
)

/** What the composition says about how long tenants may keep what has ended. */
export const CurrentRetentionLimits = Context.Reference<(tenantId: TenantId) => RetentionLimits>(
  "@dueline/api/CurrentRetentionLimits",
  { defaultValue: () => () => ({ least: 8, most: 90 }) }
)
