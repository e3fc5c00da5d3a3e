/** Sends a command to the orchestrator in the name of whoever made the request. */
import { Principal } from "@dueline/contracts/api/Access"
import type { Command, OutcomeOf, RejectionOf } from "@dueline/contracts/kinds"
import type { EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { CurrentCorrelationId } from "./Correlation.ts"
import { envelope } from "./envelope.ts"
import { shortKey } from "./idempotency.ts"

export interface Question {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey }
  /** What is asked of whom, e.g. `cancel` and an order's id: with the key this names the command. */
  readonly name: string
  readonly id: string
  /** Of the request, compared under the key. Null without one. */
  readonly fingerprint: string | null
  readonly expectedVersion: number | null
}

export type Ask = <C extends Command>(
  question: Question,
  command: C
) => Effect.Effect<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>, Principal>

export const makeAsk: Effect.Effect<Ask, never, Orchestrator> = Effect.map(
  Orchestrator,
  (orchestrator): Ask =>
    (question, command) =>
      Effect.gen(function* () {
        const { expectedVersion, fingerprint, headers, id, name, request } = question
        const key = headers["idempotency-key"]
        const idempotency = key === undefined || fingerprint === null ? null : { key, fingerprint }
        const commandId = `${name}:${id}:${key === undefined ? yield* randomCorrelationId : shortKey(key)}`
        const correlationId = yield* CurrentCorrelationId
        const principal = yield* Principal
        return yield* orchestrator.ask(
          envelope({ principal, request, correlationId, commandId, idempotency, expectedVersion }, command)
        )
      })
)

export const now: Effect.Effect<EpochMillis> = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)
