/** Ways from the writers, which start first, to those who take part in a commit: a question that is asked before there is anybody to answer it. */
import { Context, Effect, Layer, type Scope } from "effect"
import type { Envelope } from "./Envelope.ts"
import type { IngestionCommand } from "./ingestion/Ingestion.ts"
import type { BusMessage } from "./ports/EventBus.ts"
import type { Answer, Refusal, Settle } from "./ports/Orchestrator.ts"
import type { ScheduleCommand, ScheduleOutcome, ScheduleRejection } from "./schedule/Schedule.ts"
import type { ServiceCallCommand } from "./serviceCall/Command.ts"
import type { ShipmentCommand, ShipmentFacts } from "./shipment/Shipment.ts"

export interface AnsweredLater<Question, Answer> {
  /** Null as long as nobody answers, too. */
  readonly ask: (question: Question) => Answer | null
  /** Says who answers, until the scope ends. One at a time. */
  readonly by: (answer: (question: Question) => Answer | null) => Effect.Effect<void, never, Scope.Scope>
}

export const answeredLater = <Question, Answer>(): AnsweredLater<Question, Answer> => {
  const nobody = (_: Question): Answer | null => null
  let current = nobody
  return {
    ask: (question) => current(question),
    by: (answer) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          current = answer
        }),
        () =>
          Effect.sync(() => {
            current = nobody
          })
      )
  }
}

/** A place that is kept for a message until it is known what became of its commit. One of the two is called, once. */
export interface Reserved {
  /** The message is durable. Must not throw nor wait. */
  readonly take: () => void
  /** The commit failed, or nobody knows: the place is free again. */
  readonly release: () => void
}

/** Asked before the commit. Null: the message goes the usual way. */
export type Reserve = (message: BusMessage) => Reserved | null

/** Nobody takes anything as long as no taker is there. */
export class DirectMessages extends Context.Service<DirectMessages, AnsweredLater<BusMessage, Reserved>>()(
  "@dueline/contracts/DirectMessages"
) {
  static readonly layer = Layer.sync(DirectMessages, () => answeredLater<BusMessage, Reserved>())
}

/**
 * Starts of calls in the very commit of their submission: the way from the writer, which starts first, to whoever hands out places for attempts.
 * A call that is due at once then costs one commit less before its request leaves, and its row is written once less.
 */
export interface DirectStart {
  /** Decided right after the submission, in the same commit. */
  readonly envelope: Envelope<ServiceCallCommand>
  /** Told once what became of it; null when it was not asked for, since the submission was refused. Must not throw. */
  readonly settle: (exit: Parameters<Settle<Answer, Refusal>>[0] | null) => void
}

/** What starts the call that is submitted, or null when it has to wait like any other: for its time, its turn, a place, the end of a pause. */
export type AskDirectStart = (submission: Envelope<ServiceCallCommand>) => DirectStart | null

/** Asked once for each command of a call when it is about to be decided; nothing is started directly as long as nobody answers. */
export class DirectStarts extends Context.Service<
  DirectStarts,
  AnsweredLater<Envelope<ServiceCallCommand>, DirectStart>
>()("@dueline/contracts/DirectStarts") {
  static readonly layer = Layer.sync(DirectStarts, () => answeredLater<Envelope<ServiceCallCommand>, DirectStart>())
}

/**
 * A courier's event that is carried out in the very commit that takes it in: the way from the writers, which start first, to whoever knows what is to
 * be done. Only where both kinds have their writers in one process, and nobody outside of it takes messages from the bus.
 */
export interface EventInOne {
  readonly recording: Envelope<ShipmentCommand>
  /** Whether that was all there is to do. */
  readonly isAll: (shipment: ShipmentFacts) => boolean
  /** Ends the ingestion, in the same commit. */
  readonly completion: Envelope<IngestionCommand>
}

/** Null for what takes in no courier's event, and for an event that takes more than its shipment. */
export type AskEventInOne = (command: Envelope<IngestionCommand>) => EventInOne | null

/** Asked once for each ingestion that is about to begin; nothing is carried out so as long as nobody answers. */
export class EventCommits extends Context.Service<
  EventCommits,
  AnsweredLater<Envelope<IngestionCommand>, EventInOne>
>()("@dueline/contracts/EventCommits") {
  static readonly layer = Layer.sync(EventCommits, () => answeredLater<Envelope<IngestionCommand>, EventInOne>())
}

/**
 * A schedule's firing and the submission of its call in one commit: the way from the writers, which start first, to whoever fires. Only where both
 * kinds have their writers in one process, and nobody outside of it takes messages from the bus.
 */
export interface FiringInOne {
  readonly firing: Envelope<ScheduleCommand>
  /** Of the call that the firing makes, under an id that nothing has yet. */
  readonly submission: Envelope<ServiceCallCommand>
  /** Told once what became of the firing, and whether the call is in its very commit: if not, it has to be submitted. Must not throw. */
  readonly settle: (
    exit: Parameters<Settle<Answer<ScheduleOutcome>, Refusal<ScheduleRejection>>>[0],
    isSubmitted: boolean
  ) => void
}

export type OfferFiring = (firing: FiringInOne) => void

export class FiringCommits extends Context.Service<
  FiringCommits,
  {
    /** Null as long as nobody takes them. */
    readonly offer: () => OfferFiring | null
    /** Says who takes them. */
    readonly by: (offer: OfferFiring) => void
  }
>()("@dueline/contracts/FiringCommits") {
  static readonly layer = Layer.sync(FiringCommits, () => {
    let current: OfferFiring | null = null
    return FiringCommits.of({
      offer: () => current,
      by: (offer) => {
        current = offer
      }
    })
  })
}
