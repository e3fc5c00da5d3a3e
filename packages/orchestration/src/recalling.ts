/**
 * Lets a cancel and a move win until the instant at which the request is written: while an attempt is handed over to a worker, that worker
 * is asked to give it back first. And before an attempt counts as lost, its worker, should it live, is asked whether word of it ever came:
 * a commit may land whose writer has given it up, and a message may be lost. A worker that does not answer then may stand still and go on
 * later: it is asked on for a minute, and an attempt of which it never heard is handed back although it counted as lost. What is decided,
 * and by which rules, stays with the aggregate.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import { type AnyRefusal, Orchestrator, VersionMismatch } from "@dueline/contracts/ports/Orchestrator"
import { ServiceCallAlreadyDispatched, type ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { carryHandBackReason } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Effect, Exit, FiberSet, type Scope } from "effect"

/**
 * `recalled`: nothing left and nothing will under this epoch, and that it was handed back is durable. `unheard`: nothing left and nothing
 * will, since the worker knows of no such attempt; the caller hands it back. `silent` after a second or so without an answer.
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

/** How often, how many times and for how many attempts at once a worker that did not answer is asked on. */
const followEveryMs = 2_000
const followTimes = 30
const followLimit = 10_000

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
): Effect.fn.Return<Orchestrator["Service"], never, Scope.Scope> {
  const follow = yield* FiberSet.makeRuntime<never>()
  let followed = 0
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
  const recallLost = ({ command: { callId, epoch }, tenantId }: Envelope<Loss>, worker: WorkerId) =>
    recall(worker, { tenantId, callId, epoch })
  const neverCame = (envelope: Envelope<Loss>) => ask(handBack(envelope, envelope.command.epoch, "lease_unconfirmed"))
  /** The hand-back is asked for again with the question: the worker says the same each time. */
  const askOn = (envelope: Envelope<Loss>, worker: WorkerId): Effect.Effect<void> =>
    Effect.gen(function* () {
      for (let times = 0; times < followTimes; times++) {
        yield* Effect.sleep(followEveryMs)
        const said = yield* recallLost(envelope, worker)
        if (said === "silent") continue
        if (said !== "unheard") return
        const at = EpochMillis.make(Math.round(yield* Clock.currentTimeMillis))
        const asked = yield* Effect.exit(neverCame({ ...envelope, command: { ...envelope.command, at } }))
        if (Exit.isSuccess(asked)) return
      }
    }).pipe(Effect.ensuring(Effect.sync(() => void followed--)))
  const lose = (envelope: Envelope<Loss>, worker: WorkerId): ReturnType<Orchestrator["Service"]["ask"]> =>
    Effect.flatMap(recallLost(envelope, worker), (said) => {
      if (said === "unheard") return neverCame(envelope)
      if (said !== "silent" || followed >= followLimit) return ask(envelope)
      return Effect.tap(ask(envelope), () =>
        Effect.sync(() => {
          followed++
          follow(askOn(envelope, worker))
        })
      )
    })
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
