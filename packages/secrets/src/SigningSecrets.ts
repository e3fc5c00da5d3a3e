/**
 * Where a tenant's signing secret comes from. With what the messages of a subscription are signed: its own secrets, as many as are valid, the
 * newest first.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { SecretVault, subscriptionContext } from "@dueline/contracts/ports/Vaults"
import type { SubscriptionId } from "@dueline/contracts/subscription/Subscription"
import { readParts } from "@dueline/contracts/subscription/sealedParts"
import { Clock, Context, Effect, Layer, Redacted } from "effect"
import { hkdfSync } from "node:crypto"

/** Secrets kept in memory at least; older ones are derived again. */
const cached = 5_000

export class SigningSecrets extends Context.Service<
  SigningSecrets,
  {
    /** In the form of Standard Webhooks, `whsec_` and base64. Null: this tenant's calls go out unsigned. */
    readonly secretFor: (tenantId: TenantId) => Effect.Effect<Redacted.Redacted<string> | null>
  }
>()("@dueline/secrets/SigningSecrets") {}

/** Every tenant's secret follows from the master key (HKDF, RFC 5869), so nothing per tenant is stored. */
export const makeDerived = (master: Redacted.Redacted<Uint8Array>): SigningSecrets["Service"] => {
  const known = new Recent<TenantId, Effect.Effect<Redacted.Redacted<string>>>(cached)
  const derive = (tenantId: TenantId): Effect.Effect<Redacted.Redacted<string>> => {
    const bytes = hkdfSync("sha256", Redacted.value(master), "", `dueline/signing-secret/v1/${tenantId}`, 32)
    return Effect.succeed(Redacted.make(`whsec_${Buffer.from(bytes).toString("base64")}`))
  }
  return SigningSecrets.of({ secretFor: (tenantId) => known.getOrMake(tenantId, derive) })
}

export const layerDerived = (master: Redacted.Redacted<Uint8Array>): Layer.Layer<SigningSecrets> =>
  Layer.sync(SigningSecrets, () => makeDerived(master))

export const layerUnsigned: Layer.Layer<SigningSecrets> = Layer.succeed(
  SigningSecrets,
  SigningSecrets.of({ secretFor: () => Effect.succeed(null) })
)

/** In the form of Standard Webhooks, `whsec_` and base64. */
export type SecretsOfSubscription = ReadonlyArray<Redacted.Redacted<string>>

interface Service {
  /** Null: they cannot be read now, or are no more. */
  readonly secretsOf: (
    tenantId: TenantId,
    subscriptionId: SubscriptionId
  ) => Effect.Effect<SecretsOfSubscription | null>
}

/** How long they are used without asking again (milliseconds), of so many subscriptions: a secret ends so much later at the most. */
const freshMs = 5_000
const kept = 1_000

/** Where nothing is known of subscriptions, nothing of theirs can be signed. */
export const SubscriptionSecrets: Context.Reference<Service> = Context.Reference(
  "@dueline/secrets/SubscriptionSecrets",
  { defaultValue: (): Service => ({ secretsOf: () => Effect.succeed(null) }) }
)

export const layer = Layer.effect(
  SubscriptionSecrets,
  Effect.gen(function* () {
    const queries = yield* OpsQueries
    const vault = yield* SecretVault
    const known = new Recent<string, { readonly at: number; readonly secrets: SecretsOfSubscription }>(kept)

    const read = Effect.fnUntraced(function* (tenantId: TenantId, subscriptionId: SubscriptionId, now: number) {
      const row = yield* queries.find("subscription", tenantId, subscriptionId)
      const parts = readParts(yield* queries.sealed("subscription", tenantId, subscriptionId))
      const valid = (row?.secrets ?? []).filter(({ validUntil }) => validUntil === null || validUntil > now)
      return yield* Effect.forEach(valid, ({ secretId }) =>
        Effect.map(
          vault.open(parts.get(secretId) ?? "", subscriptionContext(tenantId, subscriptionId, secretId)),
          Redacted.make
        )
      )
    })

    return {
      secretsOf: Effect.fnUntraced(function* (tenantId: TenantId, subscriptionId: SubscriptionId) {
        const now = yield* Clock.currentTimeMillis
        const key = `${tenantId}/${subscriptionId}`
        const before = known.get(key)
        if (before !== undefined && now - before.at < freshMs) return before.secrets
        const secrets = yield* Effect.orElseSucceed(read(tenantId, subscriptionId, now), () => [])
        if (secrets.length === 0) return null
        known.set(key, { at: now, secrets })
        return secrets
      })
    }
  })
)
