/** Alarms and intents for the fair queue, with as little said as possible. */
import type { ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import { CorrelationId } from "@dueline/contracts/Ids"
import type { AttemptEnded, ExecutionRequested } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import * as Sample from "@dueline/port-contracts/Sample"
import { defaultFairQueueOptions, FairQueue, type FairQueueOptions } from "../src/FairQueue.ts"
import type { TenantLimit } from "../src/TenantLimits.ts"

export const unlimited: TenantLimit = {
  weight: 1,
  concurrency: null,
  perTarget: null,
  ratePerSecond: null,
  burst: null
}

/** A queue in which all tenants have the limits given, except those that have their own. */
export const queueOf = (
  limit: Partial<TenantLimit> = {},
  options: Partial<FairQueueOptions> = {},
  overrides: ReadonlyMap<TenantId, Partial<TenantLimit>> = new Map()
): FairQueue => {
  const limits = { default: { ...unlimited, ...limit }, overrides }
  return new FairQueue({ ...defaultFairQueueOptions, limits: () => limits, ...options })
}

export const due = (tenantId: TenantId, changes: Partial<Alarm> = {}): Alarm => ({
  tenantId,
  callId: Sample.callId(),
  revision: 1,
  dueAt: 0,
  target: Sample.host,
  ...changes
})

interface Call {
  readonly tenantId: TenantId
  readonly callId: ServiceCallId
  readonly target: string
}

export const started = ({ callId, target, tenantId }: Call, epoch = 1, deadlineAt = 35_000): ExecutionRequested => ({
  _tag: "ExecutionRequested",
  tenantId,
  callId,
  worker: "worker-1" as WorkerId,
  epoch,
  attempt: 1,
  dueAt: 0,
  handedOverAt: 0,
  deadlineAt,
  timeoutMs: 30_000,
  retryStatuses: [],
  request: { ...Sample.row({ tenantId, callId }).request, url: `https://${target}/hooks` },
  sealed: null,
  correlationId: CorrelationId.make("0abc"),
  traceparent: null
})

export const ended = ({ callId, target, tenantId }: Call, changes: Partial<AttemptEnded> = {}): AttemptEnded => ({
  _tag: "AttemptEnded",
  tenantId,
  callId,
  epoch: 1,
  target,
  answered: true,
  pausedUntil: null,
  ...changes
})

/** The attempt of a call that was taken begins at once. */
export const run = (queue: FairQueue, alarm: Alarm, now: number, epoch = 1, deadlineAt?: number): void => {
  queue.started(started(alarm, epoch, deadlineAt), now)
  queue.answered(alarm, true, now)
}
