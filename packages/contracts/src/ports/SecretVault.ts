/** Keeps texts out of sight: secrets of couriers, and what couriers sent. Only the sealed form is ever stored. */
import { Context, type Effect } from "effect"
import type { CourierSourceId } from "../courierSource/CourierSource.ts"
import type { TenantId } from "../Ids.ts"
import type { IngestionId } from "../ingestion/Ingestion.ts"
import type { SubscriptionId } from "../subscription/Subscription.ts"
import type { SealBroken } from "./RequestVault.ts"

export class SecretVault extends Context.Service<
  SecretVault,
  {
    /** `context` is bound to the result: it cannot be opened as something else's. Neither `,` nor `:` is in it, and a dot is. */
    readonly seal: (text: string, context: string) => string
    readonly open: (sealed: string, context: string) => Effect.Effect<string, SealBroken>
  }
>()("@dueline/contracts/ports/SecretVault") {}

/** What a courier source's secret is bound to: whoever seals and whoever opens must say the same. */
export const courierSecretContext = (tenantId: TenantId, courierSourceId: CourierSourceId, secretId: string): string =>
  `courier-source/${tenantId}/${courierSourceId}/${secretId}`

/** What the body of an event is bound to. */
export const ingestionContext = (tenantId: TenantId, ingestionId: IngestionId): string =>
  `ingestion/${tenantId}/${ingestionId}`

/** What a part of a subscription is bound to: `url`, or the id of a secret. */
export const subscriptionContext = (tenantId: TenantId, subscriptionId: SubscriptionId, part: string): string =>
  `subscription/${tenantId}/${subscriptionId}/${part}`
