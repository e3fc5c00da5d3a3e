/** Where commands go: one queue, one writer, one answer each. */
import { Context, Effect, Schema } from "effect"
import { categoryOf, type Command, type OutcomeOf, type RejectionOf } from "../kinds.ts"
import type { Envelope } from "../Envelope.ts"
import type { ServiceCallCommand } from "../serviceCall/Command.ts"
import type { ServiceCallOutcome } from "../serviceCall/Outcome.ts"
import type { ServiceCallRejection } from "../serviceCall/Rejection.ts"
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

/** The same question without the tie between a command and its answer: for whoever carries commands and does not look into them. */
export type AnyAnswer = Answer<OutcomeOf<Command>>
export type AnyRefusal = Refusal<RejectionOf<Command>>
export type AskAny = (envelope: Envelope<Command>) => Effect.Effect<AnyAnswer, AnyRefusal>

export class Orchestrator extends Context.Service<
  Orchestrator,
  {
    /** Succeeds only once the outcome is durable. */
    readonly ask: <C extends Command>(
      envelope: Envelope<C>
    ) => Effect.Effect<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>>
  }
>()("@dueline/contracts/ports/Orchestrator") {
  /** Whoever answers a command answers with an outcome of its kind: the one place where that is taken on trust. */
  static readonly asking = (ask: AskAny): Orchestrator["Service"] =>
    Orchestrator.of({ ask: ask as Orchestrator["Service"]["ask"] })

  /** One that is asked of service calls only; any other command is a defect of the asker. */
  static readonly ofCalls = (
    ask: (envelope: Envelope<ServiceCallCommand>) => Effect.Effect<Answer, Refusal>
  ): Orchestrator["Service"] =>
    Orchestrator.asking((envelope) =>
      categoryOf(envelope.command) === "service-call"
        ? ask(envelope as Envelope<ServiceCallCommand>)
        : Effect.die(`${envelope.command._tag} is asked of service calls`)
    )
}
