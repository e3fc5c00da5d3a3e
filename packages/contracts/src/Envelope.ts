/** What every command travels with, and what is written beside every event. */
import type { CommandId, CorrelationId, IdempotencyKey, StreamId, TenantId } from "./Ids.ts"

/** Who asked: a token's subject, or the name of the part of the system that did. */
export interface Actor {
  readonly kind: "user" | "system"
  readonly id: string
}

export const systemActor = (id: string): Actor => ({ kind: "system", id })

export interface Envelope<C> {
  /** From the authenticated principal or from the fact that caused the command; never from a body. */
  readonly tenantId: TenantId
  readonly commandId: CommandId
  readonly correlationId: CorrelationId
  readonly actor: Actor
  /** W3C trace context of the cause, when there is one. */
  readonly traceparent: string | null
  /** With a key, the answer is kept with the commit and given again to a repeat; another `fingerprint` under it is refused. */
  readonly idempotency: { readonly key: IdempotencyKey; readonly fingerprint: string } | null
  /** The version the asker has seen (`If-Match`); another one is a `VersionMismatch`. */
  readonly expectedVersion: number | null
  readonly command: C
}

/**
 * What a part of the program, named `by`, asks on its own account because of something in `about`: under no key and of any version, unless `more`
 * says otherwise. `commandId` follows from the cause, so that asking again is the same command.
 */
export const systemEnvelope = <C>(
  by: string,
  about: { readonly tenantId: TenantId; readonly correlationId: string },
  commandId: string,
  command: C,
  more: Partial<Pick<Envelope<C>, "idempotency" | "expectedVersion">> = {}
): Envelope<C> => ({
  tenantId: about.tenantId,
  commandId: commandId as CommandId,
  correlationId: about.correlationId as CorrelationId,
  actor: systemActor(by),
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  ...more,
  command
})

export interface EventMetadata {
  readonly commandId: CommandId
  readonly correlationId: CorrelationId
  readonly actor: Actor
  readonly traceparent: string | null
}

export interface NewEvent {
  /** UUIDv7 whose random part is derived from stream and version: time-ordered, and the same when asked twice. */
  readonly eventId: string
  readonly type: string
  readonly eventVersion: number
  /** Plain JSON. The store keeps it and does not understand it. */
  readonly payload: unknown
  readonly metadata: EventMetadata
  /** Epoch milliseconds. */
  readonly recordedAt: number
}

export interface RecordedEvent extends NewEvent {
  /** 1 for the first event of the stream. */
  readonly version: number
}

export interface StreamKey {
  readonly tenantId: TenantId
  readonly streamId: StreamId
}
