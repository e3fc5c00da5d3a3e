/** Puts a command into its envelope: who asks, in which tenant, under which key, and what it was caused by. */
import type { Principal } from "@dueline/contracts/api/Access"
import type { Command } from "@dueline/contracts/kinds"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CommandId, CorrelationId, IdempotencyKey } from "@dueline/contracts/Ids"
import type { HttpServerRequest } from "effect/http"

/** W3C Trace Context, version 00. */
const traceparent = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/u

export interface Asking {
  readonly principal: Principal["Service"]
  readonly correlationId: CorrelationId
  readonly request: HttpServerRequest.HttpServerRequest
  readonly commandId: string
  readonly idempotency: { readonly key: IdempotencyKey; readonly fingerprint: string } | null
  readonly expectedVersion: number | null
}

export const envelope = <C extends Command>(asking: Asking, command: C): Envelope<C> => ({
  tenantId: asking.principal.tenantId,
  commandId: asking.commandId as CommandId,
  correlationId: asking.correlationId,
  actor: { kind: "user", id: asking.principal.subject },
  traceparent: traceparentOf(asking.request),
  idempotency: asking.idempotency,
  expectedVersion: asking.expectedVersion,
  command
})

/** Null when there is none, or none that is well-formed: a broken trace is no reason to refuse a request. */
export const traceparentOf = ({ headers }: HttpServerRequest.HttpServerRequest): string | null => {
  const parent = headers["traceparent"]
  return parent !== undefined && traceparent.test(parent) ? parent : null
}
