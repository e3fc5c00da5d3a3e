/** Keeps a whole request out of sight between submission and execution: only the sealed form is ever stored. */
import { Context, type Effect, Schema } from "effect"
import type { ServiceCallId, TenantId } from "../Ids.ts"
import type { ScheduleId } from "../schedule/Schedule.ts"
import type { Flow } from "../serviceCall/Flow.ts"
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
