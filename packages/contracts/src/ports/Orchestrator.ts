/** Where commands go: one queue, one writer, one answer each. */
import { Context, type Effect, Schema } from "effect"
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

export interface Answer {
  /** The stream's version after the command. */
  readonly version: number
  /** True when this is the stored answer to an earlier asking. */
  readonly replayed: boolean
  readonly outcome: ServiceCallOutcome
}

export type Refusal = ServiceCallRejection | VersionMismatch | IdempotencyKeyReused | Overloaded | StoreUnavailable

export class Orchestrator extends Context.Service<
  Orchestrator,
  {
    /** Succeeds only once the outcome is durable. */
    readonly ask: (envelope: Envelope<ServiceCallCommand>) => Effect.Effect<Answer, Refusal>
  }
>()("@dueline/contracts/ports/Orchestrator") {}
