/** Sends a command to the orchestrator in its envelope: who asks, in which tenant, under which key, and what it was caused by. */
import { Principal } from "@dueline/contracts/api/Access"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, CorrelationId, EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import type { Command, OutcomeOf, RejectionOf } from "@dueline/contracts/kinds"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { readTraceparent } from "@dueline/contracts/telemetry/Tracing"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { shortKey } from "./idempotency.ts"

export interface Asking {
  readonly principal: Pick<Principal["Service"], "tenantId" | "subject">
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
  readonly commandId: string
  readonly idempotency: { readonly key: IdempotencyKey; readonly fingerprint: string } | null
  readonly expectedVersion: number | null
}

export const envelope = <C extends Command>(asking: Asking, command: C): Envelope<C> => ({
  tenantId: asking.principal.tenantId,
  commandId: asking.commandId as CommandId,
  correlationId: asking.correlationId,
  actor: { kind: "user", id: asking.principal.subject },
  traceparent: asking.traceparent,
  idempotency: asking.idempotency,
  expectedVersion: asking.expectedVersion,
  command
})

/** Null when there is none, or none that is well-formed: a broken trace is no reason to refuse a request. */
export const traceparentOf = ({ traceparent: parent }: Readonly<Record<string, unknown>>): string | null =>
  readTraceparent(parent)

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
          envelope(
            {
              principal,
              correlationId,
              traceparent: traceparentOf(request.headers),
              commandId,
              idempotency,
              expectedVersion
            },
            command
          )
        )
      })
)

export const now: Effect.Effect<EpochMillis> = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)
