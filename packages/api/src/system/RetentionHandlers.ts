/** How long a tenant's own is kept, joined to the API definition. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { type RetentionPreview, type RetentionView, SetRetention } from "@dueline/contracts/api/TenantRulesEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { type RetentionChange, RetentionRules } from "@dueline/contracts/ports/TenantRules"
import { isWithin, keptDays, type RetentionLimits } from "@dueline/contracts/retention"
import { Effect, Layer, Semaphore } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { reject } from "../requests/reject.ts"
import { now } from "../resources/asking.ts"
import type { Raw } from "../resources/Raw.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { CurrentRetentionLimits } from "./RetentionSettings.ts"

const dayMs = 86_400_000

const readRule = jsonBody(SetRetention)

const boundsWords = ({ least, most }: RetentionLimits): string =>
  most === null ? `at least ${least} days, or null for ever` : `from ${least} to ${most} days`

const outOfBounds = (limits: RetentionLimits) =>
  reject("retention_out_of_bounds", `This installation allows ${boundsWords(limits)}.`)

const makeOperations = Effect.gen(function* () {
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
    set: ({ request }: Raw<"retention", "set">) => Effect.flatMap(readRule(request), change),
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

export const layer = Layer.effectContext(
  Effect.flatMap(makeOperations, ({ get, preview, reset, set }) =>
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
