/** The call that a notification of an order is: what is sent, and the commands about it. */
import type { CommandId, CorrelationId, EpochMillis, ServiceCallId } from "@dueline/contracts/Ids"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { OrderRow } from "@dueline/contracts/order/Row"
import type { RawRequest, AdmittedRequest } from "@dueline/contracts/ports/RequestIntake"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, defaultTimeoutMs } from "@dueline/contracts/serviceCall/Spec"
import type { Step } from "./nextStep.ts"

/** One notification of an order. `index` counts from 0. */
export interface Place {
  readonly order: OrderRow
  readonly index: number
  readonly callId: ServiceCallId
}

/** Ids only, all of them fixed for the life of the order: whoever wants to know more asks for the order, which is newer then. */
export const requestOf = ({ index, order: { binId, kind, notifications, orderId } }: Place): RawRequest => ({
  method: "POST",
  url: notifications[index]?.url ?? "",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ type: "service-order.notification", orderId, binId, kind, notification: index })
})

/**
 * `callVersion` is the version the step was decided on, 0 for a call that was not there: anybody who was quicker makes the command fail.
 * Its id says all that the decision rests on, so that the same command is always the same step.
 */
export const envelopeOf = (
  { callId, index, order }: Place,
  step: Step,
  callVersion: number,
  command: ServiceCallCommand
): Envelope<ServiceCallCommand> => ({
  tenantId: order.tenantId,
  commandId: `order-calls:${order.orderId}:${index}:${order.version}:${callVersion}:${step._tag}` as CommandId,
  correlationId: order.correlationId as CorrelationId,
  actor: { kind: "system", id: "order-calls" },
  traceparent: null,
  idempotency: null,
  expectedVersion: callVersion,
  command: { ...command, callId }
})

export const submission = (
  { callId, index, order }: Place,
  { sealed, summary }: AdmittedRequest,
  dueAt: EpochMillis,
  at: EpochMillis
): ServiceCallCommand => ({
  _tag: "SubmitServiceCall",
  callId,
  at,
  dueAt,
  spec: {
    request: summary,
    timeoutMs: defaultTimeoutMs,
    retry: defaultRetryPolicy,
    tags: [`order:${order.orderId}`, `notification:${index}`]
  },
  // The request never changes for an order, hence one name for it.
  fingerprint: `order-notification:${order.orderId}:${index}`,
  origin: { correlationId: order.correlationId as CorrelationId, traceparent: null },
  sealed
})
