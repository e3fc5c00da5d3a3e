/** What is kept out of sight: whole requests, secrets, what couriers sent, profiles of customers. Only the sealed form is ever stored. */
import { Context, type Effect, Schema } from "effect"
import type { CustomerId, ServiceCallId, TenantId } from "../Ids.ts"
import type { CourierSourceId } from "../courierSource/CourierSource.ts"
import type { CustomerProfile } from "../customer/Customer.ts"
import type { IngestionId } from "../ingestion/Ingestion.ts"
import type { ScheduleId } from "../schedule/Schedule.ts"
import type { Flow } from "../serviceCall/Spec.ts"
import type { SubscriptionId } from "../subscription/Subscription.ts"

/** The parts of a request that may hold secrets. */
export interface WholeRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** What it is signed for, when not with the tenant's secret: a message of a subscription, under that id. */
  readonly signer?: Signer
  /** Whom the end of the call is told. */
  readonly onEnd?: { readonly url: string; readonly headers: Readonly<Record<string, string>>; readonly flow?: Flow }
}

export interface Signer {
  readonly subscriptionId: SubscriptionId
  /** Sent as `webhook-id`: the same whenever the message is delivered to the subscription. */
  readonly messageId: string
}

/** The sealed text was not made with a key this process has, or was changed. */
export class SealBroken extends Schema.TaggedError<SealBroken>()("SealBroken", { detail: Schema.String }) {}

export class RequestVault extends Context.Service<
  RequestVault,
  {
    /** `context` (see `sealContext`) is bound to the result: it cannot be opened as another call's. */
    readonly seal: (request: WholeRequest, context: string) => string
    readonly open: (sealed: string, context: string) => Effect.Effect<WholeRequest, SealBroken>
  }
>()("@dueline/contracts/ports/RequestVault") {}

/** What a service call's sealed request is bound to: whoever seals and whoever opens must say the same. */
export const sealContext = (tenantId: TenantId, callId: ServiceCallId): string => `service-call/${tenantId}/${callId}`

/** What the request of a schedule is bound to. */
export const scheduleContext = (tenantId: TenantId, scheduleId: ScheduleId): string =>
  `schedule/${tenantId}/${scheduleId}`

/** Keeps texts out of sight: secrets of couriers, and what couriers sent. Only the sealed form is ever stored. */
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

/** Turns a customer's profile into text that nobody can read, and back. Each customer has a key of its own, itself under seal. */
export class PersonalDataVault extends Context.Service<
  PersonalDataVault,
  {
    /**
     * `<sealed key>.<sealed profile>`, both base64url: dropping the first makes every copy of the second unreadable. Bound to tenant and
     * customer: it cannot be opened as another's. `before`: the customer's sealed text so far, whose key is kept.
     */
    readonly seal: (
      tenantId: TenantId,
      customerId: CustomerId,
      profile: CustomerProfile,
      before: string | null
    ) => Effect.Effect<string, SealBroken>
    readonly open: (
      tenantId: TenantId,
      customerId: CustomerId,
      sealed: string
    ) => Effect.Effect<CustomerProfile, SealBroken>
    /** What makes two requests with personal data the same, without letting anyone guess them: a keyed hash (HMAC-SHA-256), base64url. */
    readonly fingerprint: (text: string) => string
  }
>()("@dueline/contracts/ports/PersonalDataVault") {}
