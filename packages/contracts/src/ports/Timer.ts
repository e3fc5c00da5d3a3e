/** Tells when something is due: at or after its time, or by a lead that its maker was given before it, at least once. */
import { Context, type Effect } from "effect"
import type { Flow } from "../serviceCall/Spec.ts"
import type { ServiceCallId, TenantId } from "../Ids.ts"

export interface Alarm {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  /** The scheduling this alarm belongs to; whoever hears it ignores an older one. */
  readonly revision: number
  /** Epoch milliseconds. */
  readonly dueAt: number
  /** Host and port that the request goes to, as `targetOf` gives it: what limits and circuit breakers go by. */
  readonly target: string
  /** Left out when it has none: pauses go by them. */
  readonly tags?: ReadonlyArray<string>
  /** Left out when it belongs to none. */
  readonly flow?: Flow
}

export class Timer extends Context.Service<
  Timer,
  {
    /**
     * Remembers alarms inside the timer's horizon and forgets those beyond it, which the sweep brings again in time. Arming the
     * same call and revision twice is harmless; a newer revision replaces an older one.
     */
    readonly arm: (alarms: ReadonlyArray<Alarm>) => Effect.Effect<void>
    /** Waits until at least one alarm is due and takes up to `limit` of them, earliest first. */
    readonly take: (limit: number) => Effect.Effect<ReadonlyArray<Alarm>>
  }
>()("@dueline/contracts/ports/Timer") {}
