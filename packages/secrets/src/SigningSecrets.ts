/** Where a tenant's signing secret comes from. */
import { hkdfSync } from "node:crypto"
import type { TenantId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"
import { Context, Effect, Layer, Redacted } from "effect"

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
