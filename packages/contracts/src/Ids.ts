/** The names of things: branded strings that cannot be mixed up, and the shapes they must have. */
import { Schema } from "effect"

/** What every id of an aggregate looks like. Those of kinds that nothing else refers to stand with their kind. */
export const uuid = Schema.String.check(
  Schema.isPattern(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/u, {
    description: "a UUID in lower case"
  })
)

/** A tenant: the wall that nothing crosses. Part of every key. */
export const TenantId = uuid.pipe(Schema.brand("TenantId"))
export type TenantId = typeof TenantId.Type

/** An aggregate's event stream. Unique within its tenant. */
export const StreamId = uuid.pipe(Schema.brand("StreamId"))
export type StreamId = typeof StreamId.Type

/** A service call; also the id of its stream. */
export const ServiceCallId = uuid.pipe(Schema.brand("ServiceCallId"))
export type ServiceCallId = typeof ServiceCallId.Type

/** A customer; also the id of its stream. */
export const CustomerId = uuid.pipe(Schema.brand("CustomerId"))
export type CustomerId = typeof CustomerId.Type

/** A bin: a skip, a roll-off container, anything that is put somewhere and taken away; also the id of its stream. */
export const BinId = uuid.pipe(Schema.brand("BinId"))
export type BinId = typeof BinId.Type

/** A service order; also the id of its stream. */
export const OrderId = uuid.pipe(Schema.brand("OrderId"))
export type OrderId = typeof OrderId.Type

/** What a command is recognised by when it is asked twice. Derived from its cause, never drawn at random inside the core. */
export const CommandId = Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(300)).pipe(
  Schema.brand("CommandId")
)
export type CommandId = typeof CommandId.Type

/** The caller's name for a request; the same key means the same request, for ever. */
export const IdempotencyKey = Schema.String.check(
  Schema.isPattern(/^[\x21-\x7e]{1,255}$/u, { description: "1 to 255 visible ASCII characters" })
).pipe(Schema.brand("IdempotencyKey"))
export type IdempotencyKey = typeof IdempotencyKey.Type

/** 64 bits in base 36: follows one cause through logs, events and answers. */
export const CorrelationId = Schema.String.check(
  Schema.isPattern(/^[0-9a-z]{1,13}$/u, { description: "1 to 13 characters of 0-9 and a-z" })
).pipe(Schema.brand("CorrelationId"))
export type CorrelationId = typeof CorrelationId.Type

/** Milliseconds since 1970-01-01T00:00:00Z, whole. The only form of time inside commands, events and ports. */
export const EpochMillis = Schema.Int.pipe(Schema.brand("EpochMillis"))
export type EpochMillis = typeof EpochMillis.Type

/** One executing process. A new one for every start of the program. */
export const WorkerId = Schema.String.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(100)).pipe(
  Schema.brand("WorkerId")
)
export type WorkerId = typeof WorkerId.Type
