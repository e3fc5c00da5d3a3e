/** What a tenant has struck out, joined to the API definition. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { type RedactionView, SetRedaction } from "@dueline/contracts/api/TenantRulesEndpoints"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { KnownRedactions, RedactionRules } from "@dueline/contracts/ports/TenantRules"
import { noRedaction, type Redaction } from "@dueline/contracts/redaction"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { now } from "../resources/asking.ts"
import type { Raw } from "../resources/Raw.ts"
import { leanGroup } from "../server/leanGroup.ts"

const readRule = jsonBody(SetRedaction)

const makeOperations = Effect.gen(function* () {
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
    set: ({ request }: Raw<"redaction", "set">) => Effect.flatMap(readRule(request), change),
    reset: change(null)
  }
})

export const layer = Layer.effectContext(
  Effect.flatMap(makeOperations, ({ get, reset, set }) =>
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
