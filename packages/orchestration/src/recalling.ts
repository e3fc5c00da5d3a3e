/**
 * Lets a cancel and a move win until the instant at which the request is written: while an attempt is handed over to a worker, that worker
 * is asked to give it back first. And before an attempt counts as lost, its worker, should it live, is asked whether word of it ever came:
 * a commit may land whose writer has given it up, and a message may be lost. What is decided, and by which rules, stays with the aggregate.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import { type AnyRefusal, Orchestrator, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason } from "@dueline/contracts/serviceCall/handBackReason"
import { ServiceCallAlreadyDispatched } from "@dueline/contracts/serviceCall/Rejection"
import { Clock, Effect } from "effect"

/**
 * `recalled`: nothing left and nothing will under this epoch, and that it was handed back is durable. `unheard`: nothing left and nothing
 * will, since the worker knows of no such attempt; the caller hands it back. Answers within a second or so.
 */
export type Recall = (worker: WorkerId, holding: Holding) => Effect.Effect<RecallAnswer>

type Asking = Extract<ServiceCallCommand, { readonly _tag: "CancelServiceCall" | "RescheduleServiceCall" }>

/** A call that was handed back may be handed over again before it is asked for the second time, if that takes long. */
const recallLimit = 2

const heldBy = (refusal: AnyRefusal): ServiceCallAlreadyDispatched["held"] =>
  refusal._tag === "ServiceCallAlreadyDispatched" ? refusal.held : undefined

/** The refusal as callers get it: without the worker that holds the call, and with the version that they expected. */
const told = (refusal: AnyRefusal, expected: number | null): AnyRefusal => {
  if (refusal._tag === "VersionMismatch" && expected !== null) {
    return new VersionMismatch({ expected, actual: refusal.actual })
  }
  if (refusal._tag !== "ServiceCallAlreadyDispatched" || refusal.held === undefined) return refusal
  const { attempt, callId, status } = refusal
  return new ServiceCallAlreadyDispatched({ callId, status, attempt })
}

const isAsking = (command: { readonly _tag: string }): command is Asking =>
  command._tag === "CancelServiceCall" || command._tag === "RescheduleServiceCall"

/** A cancel is refused while it is held, so that it can be recalled; a move is refused then anyhow. */
const unlessRunning = (command: Asking): Asking =>
  command._tag === "CancelServiceCall" ? { ...command, unlessRunning: true } : command

type Loss = Extract<ServiceCallCommand, { readonly _tag: "RecordFailure" }> & { readonly holder: WorkerId }

const isLoss = (command: { readonly _tag: string; readonly holder?: WorkerId }): command is Loss =>
  command._tag === "RecordFailure" && command.holder !== undefined

/** Gives back an attempt that never reached its worker. */
const handBack = (
  envelope: Envelope<Asking | Loss>,
  epoch: number,
  reason: "recalled" | "lease_unconfirmed"
): Envelope<ServiceCallCommand> => {
  const { at, callId } = envelope.command
  const command = { _tag: "HandBackExecution", callId, at, epoch, retryAt: at, ...carryHandBackReason(reason) } as const
  const commandId = CommandId.make(`back:${callId}:${epoch}`)
  return { ...envelope, commandId, idempotency: null, expectedVersion: null, command }
}

export const recalling = Effect.fnUntraced(function* (
  { ask, offer }: Orchestrator["Service"],
  recall: Recall
): Effect.fn.Return<Orchestrator["Service"]> {
  const askFor = (envelope: Envelope<Asking>, left: number): ReturnType<Orchestrator["Service"]["ask"]> =>
    Effect.catch(ask({ ...envelope, command: unlessRunning(envelope.command) }), (refusal: AnyRefusal) => {
      const held = heldBy(refusal)
      if (held === undefined) return Effect.fail(refusal)
      const { command, tenantId } = envelope
      const holding = { tenantId, callId: command.callId, epoch: held.epoch }
      return Effect.flatMap(left > 0 ? recall(held.worker, holding) : Effect.succeed("sent" as const), (said) => {
        const again = Effect.flatMap(afterwards(envelope), (later) => askFor(later, left - 1))
        if (said === "recalled") return again
        if (said === "unheard") return Effect.andThen(ask(handBack(envelope, held.epoch, "recalled")), again)
        return command._tag === "CancelServiceCall" ? ask(envelope) : Effect.fail(refusal)
      })
    })
  const lose = (envelope: Envelope<Loss>, worker: WorkerId): ReturnType<Orchestrator["Service"]["ask"]> => {
    const { callId, epoch } = envelope.command
    return Effect.flatMap(recall(worker, { tenantId: envelope.tenantId, callId, epoch }), (said) =>
      ask(said === "unheard" ? handBack(envelope, epoch, "lease_unconfirmed") : envelope)
    )
  }
  const careful = yield* Orchestrator.asking((envelope) => {
    const { command } = envelope
    if (isAsking(command)) {
      const asked = askFor({ ...envelope, command }, recallLimit)
      return Effect.mapError(asked, (refusal) => told(refusal, envelope.expectedVersion))
    }
    return isLoss(command) ? lose({ ...envelope, command }, command.holder) : ask(envelope)
  })
  return Orchestrator.offering((envelope, settle) => {
    const { command } = envelope
    if (isAsking(command) || isLoss(command)) careful.offer(envelope, settle)
    else offer(envelope, settle)
  })
})

/** The call has one event more, which the asker caused: its being handed back. */
const afterwards = (envelope: Envelope<Asking>) =>
  Effect.map(Clock.currentTimeMillis, (now): Envelope<Asking> => {
    const { command, expectedVersion } = envelope
    return {
      ...envelope,
      expectedVersion: expectedVersion === null ? null : expectedVersion + 1,
      command: { ...command, at: EpochMillis.make(Math.max(command.at, Math.round(now))) }
    }
  })
