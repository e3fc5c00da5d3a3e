/**
 * Sends a command to the orchestrator in its envelope: who asks, in which tenant, under which key, and what it was caused by. What makes two
 * requests the same: a fingerprint over method, route and the meaning of the body.
 */
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, CorrelationId, EpochMillis, IdempotencyKey } from "@dueline/contracts/Ids"
import { Principal } from "@dueline/contracts/api/Access"
import type { Api } from "@dueline/contracts/api/Api"
import type { Command, OutcomeOf, RejectionOf } from "@dueline/contracts/kinds"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { readTraceparent } from "@dueline/contracts/telemetry/Tracing"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import type { HttpApiEndpoint } from "effect/http-api"
import { hash } from "node:crypto"
import { CurrentCorrelationId } from "../requests/headers.ts"

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

/** What a handler is given of a request, from the API definition: path, query and headers decoded, and the request with its body unread. */
type Groups = (typeof Api)["groups"]

/** For `handle` of an operation without a body, and for `handleRaw` of every other. */
export type Raw<G extends keyof Groups, E extends keyof Groups[G]["endpoints"]> = Omit<
  HttpApiEndpoint.RequestRaw<Groups[G]["endpoints"][E]>,
  "endpoint" | "group"
>

/** The order of an object's names means nothing in JSON, so it is taken out. Expects a value whose depth is bounded. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  let text = ""
  if (Array.isArray(value)) {
    for (const member of value) text += `${text === "" ? "" : ","}${canonicalJson(member)}`
    return `[${text}]`
  }
  // By code units, as `<` has it.
  for (const name of Object.keys(value).sort()) {
    const member = (value as Readonly<Record<string, unknown>>)[name]
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${canonicalJson(member)}`
  }
  return `{${text}}`
}

/** `body` is the decoded body, or null when the operation has none. */
export const canonicalRequest = (method: string, route: string, body: unknown): string =>
  `${method} ${route}\n${canonicalJson(body)}`

/** SHA-256 in base64url. */
export const fingerprint = (method: string, route: string, body: unknown): string =>
  hash("sha256", canonicalRequest(method, route, body), "base64url")

/** A key of any length as 43 characters, so that it fits into a command id. */
export const shortKey = (key: string): string => hash("sha256", key, "base64url")
