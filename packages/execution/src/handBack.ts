/** How the executor speaks to the writer about an attempt: what came of it, or that it will not make it. */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, EpochMillis } from "@dueline/contracts/Ids"
import { type ExecutionRequested, systemActor } from "@dueline/contracts/Intent"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason } from "@dueline/contracts/serviceCall/handBackReason"
import type { HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Effect } from "effect"
import { recordResult } from "./recordResult.ts"

const actor = systemActor("executor")

/** The same attempt has the same name, whoever speaks of it and how often. */
export const envelopeOf = (
  { callId, correlationId, epoch, tenantId, traceparent }: ExecutionRequested,
  command: ServiceCallCommand
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: `${command._tag === "HandBackExecution" ? "back" : "result"}:${callId}:${epoch}` as CommandId,
  correlationId,
  actor,
  traceparent,
  idempotency: null,
  expectedVersion: null,
  command
})

/**
 * Gives an attempt back that was not begun and never will be under its epoch, so that somebody else may have it without waiting for a
 * lease to run out. `retryAt` is epoch ms. Done when it is durable, or when the call has moved on; asks again while the store is away,
 * until it is interrupted. Only for attempts of which nothing was sent.
 */
export const handBack = (
  orchestrator: Orchestrator["Service"],
  intent: ExecutionRequested,
  reason: HandBackReason,
  retryAt: number
): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) =>
    recordResult(
      orchestrator,
      envelopeOf(intent, {
        _tag: "HandBackExecution",
        callId: intent.callId,
        at: Math.round(now) as EpochMillis,
        epoch: intent.epoch,
        ...carryHandBackReason(reason),
        retryAt: Math.round(retryAt) as EpochMillis
      })
    )
  )
