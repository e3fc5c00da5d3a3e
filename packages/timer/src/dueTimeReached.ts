/** What the writer is told when a call's time has come, or is about to. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Intent"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"

const actor = systemActor("timer")
/** The event's own correlation comes from the call's origin; this one only marks who asked. */
const correlationId = CorrelationId.make("timer")

export const dueTimeReached = (
  { callId, revision, tenantId }: Alarm,
  worker: WorkerId,
  at: number
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: CommandId.make(`due:${callId}:${revision}`),
  correlationId,
  actor,
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command: { _tag: "DueTimeReached", callId, at: EpochMillis.make(at), revision, worker }
})
