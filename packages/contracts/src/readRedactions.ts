/** What each process knows of what tenants have struck out: read before anything is served, and every few seconds from then on. */
import { Effect, Layer, Schedule } from "effect"
import type { TenantId } from "./Ids.ts"
import { KnownRedactions, RedactionRules } from "./ports/TenantRules.ts"
import { noRedaction, type Redaction } from "./redaction.ts"

/** How long a process may not know of a change. */
const lookEvery = "5 seconds"

const againEvery = "250 millis"

/**
 * `usual`: what the installation has struck out for every tenant. The lists are the same objects until something changes, so that what follows from
 * them can be kept. While the store does not answer, what was read last holds.
 */
export const layer = (usual: ReadonlyArray<string>): Layer.Layer<never, never, RedactionRules> =>
  Layer.effect(
    KnownRedactions,
    Effect.gen(function* () {
      const { changed } = yield* RedactionRules
      const unsaid: Redaction = { ...noRedaction, patterns: usual }
      const known = new Map<TenantId, Redaction>()
      let after = "0"
      const look = Effect.suspend(() => changed(after)).pipe(
        Effect.map(({ next, rules }) => {
          for (const { failedRequests, patterns, tenantId } of rules) {
            if (patterns.length === 0 && failedRequests === "keep") known.delete(tenantId)
            else known.set(tenantId, { patterns: [...usual, ...patterns], failedRequests })
          }
          after = next
        })
      )
      // Before it is known what has to be struck out nothing may be kept in clear.
      yield* Effect.orDie(Effect.retry(look, Schedule.spaced(againEvery)))
      const refresh = Effect.ignore(look)
      yield* refresh.pipe(Effect.delay(lookEvery), Effect.forever, Effect.forkScoped)
      return { of: (tenantId: TenantId) => known.get(tenantId) ?? unsaid, refresh }
    })
  )
