/**
 * What must happen because of a committed fact, right away and in this process if it can. An intent may be lost with the process:
 * the tables say the same, and the sweep and the watchdog read them.
 */
import type { Actor } from "./Envelope.ts"
import type { CorrelationId, ServiceCallId, TenantId } from "./Ids.ts"
import type { Alarm } from "./ports/Timer.ts"
import type { RequestSummary } from "./serviceCall/Spec.ts"

/** One attempt to be made, with all that the executor needs: no query stands between the commit and the wire. */
export interface ExecutionRequested {
  readonly _tag: "ExecutionRequested"
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly epoch: number
  readonly attempt: number
  readonly dueAt: number
  readonly deadlineAt: number
  readonly timeoutMs: number
  readonly retryStatuses: ReadonlyArray<number>
  readonly request: RequestSummary
  readonly sealed: string | null
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
}

export interface AlarmWanted extends Alarm {
  readonly _tag: "AlarmWanted"
}

/** There are new outbox rows: wake the dispatcher. */
export interface OutboxFilled {
  readonly _tag: "OutboxFilled"
}

export type Intent = ExecutionRequested | AlarmWanted | OutboxFilled

export const systemActor = (id: string): Actor => ({ kind: "system", id })
