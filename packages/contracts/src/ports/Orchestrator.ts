/** Where commands go: one queue, one writer, one answer each. */
import { Context, Effect, Exit, Schema } from "effect"
import { CurrentTrace } from "../telemetry/Tracing.ts"
import type { Envelope } from "../Envelope.ts"
import { categoryOf, type Command, type OutcomeOf, type RejectionOf } from "../kinds.ts"
import type { ServiceCallCommand, ServiceCallOutcome, ServiceCallRejection } from "../serviceCall/Command.ts"
import type { StoreUnavailable } from "./Persistence.ts"

/** The aggregate has moved on since the asker looked. */
export class VersionMismatch extends Schema.TaggedError<VersionMismatch>()("VersionMismatch", {
  expected: Schema.Int,
  actual: Schema.Int
}) {}

/** The idempotency key was used for another request. */
export class IdempotencyKeyReused extends Schema.TaggedError<IdempotencyKeyReused>()("IdempotencyKeyReused", {
  key: Schema.String
}) {}

/** The queue is full. Nothing happened; ask again a little later. */
export class Overloaded extends Schema.TaggedError<Overloaded>()("Overloaded", { queueLimit: Schema.Int }) {}

/** Refusals that may have passed when one asks again: a writer with too much to do, and a store that is away. Anything else would be refused again. */
export const isTransient = ({ _tag }: { readonly _tag: string }): boolean =>
  _tag === "Overloaded" || _tag === "StoreUnavailable"

export interface Answer<O = ServiceCallOutcome> {
  /** The stream's version after the command. */
  readonly version: number
  /** True when this is the stored answer to an earlier asking. */
  readonly replayed: boolean
  readonly outcome: O
}

export type Refusal<R = ServiceCallRejection> =
  | R
  | VersionMismatch
  | IdempotencyKeyReused
  | Overloaded
  | StoreUnavailable

/** Hears what became of a command. Must not throw. */
export type Settle<O, R> = (exit: Exit.Exit<O, R>) => void

/** The same questions without the tie between a command and its answer: for whoever carries commands and does not look into them. */
export type AnyAnswer = Answer<OutcomeOf<Command>>
export type AnyRefusal = Refusal<RejectionOf<Command>>
export type AnySettle = Settle<AnyAnswer, AnyRefusal>
export type OfferAny = (envelope: Envelope<Command>, settle: AnySettle) => void
export type AskAny = (envelope: Envelope<Command>) => Effect.Effect<AnyAnswer, AnyRefusal>

export class Orchestrator extends Context.Service<
  Orchestrator,
  {
    /**
     * Takes a command and never throws. `settle` is called exactly once: with success only once the outcome is durable, and perhaps before
     * `offer` returns, as when the queue is full. For paths so hot that a fiber for each command would show.
     */
    readonly offer: <C extends Command>(
      envelope: Envelope<C>,
      settle: Settle<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>>
    ) => void
    /** `offer` as an effect. Interrupting it only stops listening: the command may be carried out all the same. */
    readonly ask: <C extends Command>(
      envelope: Envelope<C>
    ) => Effect.Effect<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>>
  }
>()("@dueline/contracts/ports/Orchestrator") {
  /**
   * Whoever answers a command answers with an outcome of its kind: the one place where that is taken on trust. A command that no kind has
   * is refused as a defect, and never reaches `take`.
   */
  static readonly offering = (take: OfferAny): Orchestrator["Service"] => {
    const offer: OfferAny = (envelope, settle) => {
      try {
        categoryOf(envelope.command)
      } catch (noKind) {
        return settle(Exit.die(noKind))
      }
      take(envelope, settle)
    }
    // Who acts because of a message has no trace in hand, but where it runs there is one.
    const ask: AskAny = (envelope) =>
      Effect.flatMap(CurrentTrace, (trace) =>
        Effect.callback((resume) =>
          offer(
            trace === null || envelope.traceparent !== null ? envelope : { ...envelope, traceparent: trace },
            resume
          )
        )
      )
    return Orchestrator.of({
      offer: offer as Orchestrator["Service"]["offer"],
      ask: ask as Orchestrator["Service"]["ask"]
    })
  }

  /** One that needs an effect for an answer: each command has a fiber of its own, with what is provided where this is made. */
  static readonly asking = (ask: AskAny): Effect.Effect<Orchestrator["Service"]> =>
    Effect.map(Effect.context<never>(), (context) => {
      const run = Effect.runForkWith(context)
      return Orchestrator.offering(
        (envelope, settle) => void run(Effect.suspend(() => ask(envelope))).addObserver(settle)
      )
    })

  /** One that is asked of service calls only; any other command is a defect of the asker. */
  static readonly ofCalls = (
    ask: (envelope: Envelope<ServiceCallCommand>) => Effect.Effect<Answer, Refusal>
  ): Effect.Effect<Orchestrator["Service"]> =>
    Orchestrator.asking((envelope) =>
      categoryOf(envelope.command) === "service-call"
        ? ask(envelope as Envelope<ServiceCallCommand>)
        : Effect.die(`${envelope.command._tag} is asked of service calls`)
    )
}
