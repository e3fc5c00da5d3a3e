/** Mutations of the decisions, and of what is asked of them. */
import { EpochMillis } from "@dueline/contracts/Ids"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { type AnyAnswer, type OfferAny, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type Running, type Scheduled, wakeAtOf } from "@dueline/orchestration/aggregates/service-call/State"
import { Exit } from "effect"
import type { Aggregate, Mutation } from "./Mutation.ts"

type HandBack = Extract<ServiceCallCommand, { readonly _tag: "HandBackExecution" }>
type Decide = Aggregate["decide"]

const deciding = (change: (decide: Decide) => Decide): Mutation => ({
  aggregate: (sound) => ({ ...sound, decide: change(sound.decide) })
})

/** A result is taken for that of the current attempt, whichever it belongs to. */
export const epochIgnored = deciding(
  (decide) => (command, state) =>
    (command._tag === "RecordSuccess" || command._tag === "RecordFailure") && state._tag === "Running"
      ? decide({ ...command, epoch: state.epoch }, state)
      : decide(command, state)
)

export const attemptsUnbounded = deciding(
  (decide) => (command, state) =>
    state._tag === "Running"
      ? decide(command, { ...state, spec: { ...state.spec, retry: { ...state.spec.retry, maxAttempts: 50 } } })
      : decide(command, state)
)

export const cancelledRuns = deciding(
  (decide) => (command, state) =>
    command._tag === "DueTimeReached" && state._tag === "Cancelled"
      ? decide(command, { ...state, _tag: "Scheduled" })
      : decide(command, state)
)

export const staleRevisionFires = deciding(
  (decide) => (command, state) =>
    command._tag === "DueTimeReached" && state._tag === "Scheduled"
      ? decide(
          { ...command, revision: state.revision, at: EpochMillis.make(Math.max(command.at, wakeAtOf(state))) },
          state
        )
      : decide(command, state)
)

const asking = (change: (offer: OfferAny) => OfferAny): Mutation => ({
  orchestrator: ({ offer }) => Orchestrator.offering(change(offer))
})

const handingBack = (change: (scheduled: Scheduled, running: Running) => Scheduled): Mutation => ({
  aggregate: (sound) => ({
    ...sound,
    evolve: (state, event, at) => {
      const after = sound.evolve(state, event, at)
      const back = event._tag === "ExecutionHandedBack" && state._tag === "Running" && after._tag === "Scheduled"
      return back ? change(after, state) : after
    }
  })
})

export const handBackCounts = handingBack((scheduled, { attempt }) => ({ ...scheduled, attempt }))

export const handBackKeepsEpoch = handingBack((scheduled, { epoch }) => ({ ...scheduled, epoch: epoch - 1 }))

/** Whatever is handed back is taken for the current attempt, which may be on the wire. */
/** What a worker gives back unmade is taken for an attempt that came to nothing. */
export const handBackIsFailure = asking(
  (offer) => (envelope, settle) =>
    offer(
      envelope.command._tag === "HandBackExecution" ? { ...envelope, command: failure(envelope.command) } : envelope,
      settle
    )
)

const failure = ({ at, callId, epoch }: HandBack): ServiceCallCommand => ({
  _tag: "RecordFailure",
  callId,
  at,
  epoch,
  reason: "deadline_exceeded",
  detail: "",
  status: null,
  durationMs: 0,
  response: null,
  retryable: true,
  retryAfterMs: null,
  roll: 0
})

export const lateHandBackTaken = deciding(
  (decide) => (command, state) =>
    command._tag === "HandBackExecution" && state._tag === "Running"
      ? decide({ ...command, epoch: state.epoch }, state)
      : decide(command, state)
)

export const handBackForgetsCancel = deciding(
  (decide) => (command, state) =>
    command._tag === "HandBackExecution" && state._tag === "Running"
      ? decide(command, { ...state, cancelRequested: false })
      : decide(command, state)
)

export const ifMatchIgnored = asking(
  (offer) => (envelope, settle) => offer({ ...envelope, expectedVersion: null }, settle)
)

export const fingerprintIgnored = asking(
  (offer) => (envelope, settle) =>
    offer(
      envelope.idempotency === null
        ? envelope
        : { ...envelope, idempotency: { ...envelope.idempotency, fingerprint: "any" } },
      settle
    )
)

/** Says that the call is cancelled and leaves it as it is. */
export const cancelOnlyAnswered = asking((offer) => (envelope, settle) => {
  const { command } = envelope
  if (command._tag !== "CancelServiceCall") return offer(envelope, settle)
  const { at, callId } = command
  const saidCancelled = (answer: AnyAnswer): AnyAnswer => {
    const { outcome } = answer
    return outcome._tag === "Rescheduled" ? { ...answer, outcome: { ...outcome, _tag: "Cancelled" } } : answer
  }
  const instead = { ...envelope, command: { _tag: "RescheduleServiceCall", callId, at, dueAt: at } as const }
  offer(instead, (exit) => settle(Exit.map(exit, saidCancelled)))
})
