/**
 * How commands and their answers are written between processes: JSON, many in one message, each with the asker's number. Version 1.
 *
 * A message says in which form its parts are: a digest of their schemas. Processes of one form take each other's parts as they are, since
 * checking a submission takes six times as long as reading it; the parts of an older or a newer process are checked one by one.
 */
import { Command, Outcome, Rejection } from "@dueline/contracts/kinds"
import { CommandId, CorrelationId, IdempotencyKey, TenantId } from "@dueline/contracts/Ids"
import {
  type AnyAnswer,
  type AnyRefusal,
  IdempotencyKeyReused,
  Overloaded,
  VersionMismatch
} from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Option, Schema } from "effect"
import { createHash } from "node:crypto"

const Envelope = Schema.Struct({
  tenantId: TenantId,
  commandId: CommandId,
  correlationId: CorrelationId,
  actor: Schema.Struct({ kind: Schema.Literals(["user", "system"]), id: Schema.String }),
  traceparent: Schema.NullOr(Schema.String),
  idempotency: Schema.NullOr(Schema.Struct({ key: IdempotencyKey, fingerprint: Schema.String })),
  expectedVersion: Schema.NullOr(Schema.Int),
  command: Command
})
export type CommandEnvelope = typeof Envelope.Type

const Ask = Schema.Struct({ n: Schema.Int, envelope: Envelope })

export interface Ask {
  readonly n: number
  /** Null for a command that this program cannot read, since a newer one wrote it: it is answered, and those beside it are carried out. */
  readonly envelope: CommandEnvelope | null
}

const Refused = Schema.Union([
  ...Rejection.members,
  VersionMismatch,
  IdempotencyKeyReused,
  Overloaded,
  StoreUnavailable
])
const RefusedJson = Schema.toCodecJson(Refused)
const Answered = Schema.Struct({ version: Schema.Int, replayed: Schema.Boolean, outcome: Outcome })
const Reply = Schema.Struct({
  n: Schema.Int,
  answer: Schema.optionalKey(Answered),
  refusal: Schema.optionalKey(RefusedJson)
})
export type Reply = typeof Reply.Type

const Asks = Schema.Struct({ v: Schema.Literal(1), asks: Schema.Array(Ask) })
const Replies = Schema.Struct({ v: Schema.Literal(1), replies: Schema.Array(Reply) })

let form: string | null = null
/** Of commands and answers; refusals are read by their schema whoever wrote them, since they become errors. */
const ownForm = (): string => {
  if (form === null) {
    const document = Schema.toJsonSchemaDocument(Schema.Struct({ ask: Ask, answer: Answered }))
    form = createHash("sha256").update(JSON.stringify(document)).digest("hex").slice(0, 16)
  }
  return form
}

const encodeRefused = Schema.encodeUnknownSync(RefusedJson)

/** The parts of an envelope are plain data: what is written is what is read. */
export const askText = (n: number, envelope: CommandEnvelope): string => JSON.stringify({ n, envelope })
export const answerText = (n: number, answer: AnyAnswer): string => JSON.stringify({ n, answer })
export const refusalText = (n: number, refusal: AnyRefusal): string =>
  JSON.stringify({ n, refusal: encodeRefused(refusal) })

export const asksText = (asks: ReadonlyArray<string>): string =>
  `{"v":1,"form":"${ownForm()}","asks":[${asks.join(",")}]}`
export const repliesText = (replies: ReadonlyArray<string>): string =>
  `{"v":1,"form":"${ownForm()}","replies":[${replies.join(",")}]}`

const decodeAsks = Schema.decodeUnknownOption(Asks)
const decodeReplies = Schema.decodeUnknownOption(Replies)

/** Of a message with something in it that cannot be read: each part for itself. */
const Parts = Schema.Union([
  Schema.Struct({ v: Schema.Literal(1), asks: Schema.Array(Schema.Unknown) }),
  Schema.Struct({ v: Schema.Literal(1), replies: Schema.Array(Schema.Unknown) })
])
const decodeParts = Schema.decodeUnknownOption(Parts)
const decodeAsk = Schema.decodeUnknownOption(Ask)
const decodeReply = Schema.decodeUnknownOption(Reply)
const decodeNumber = Schema.decodeUnknownOption(Schema.Struct({ n: Schema.Int }))

/** A part without a number cannot be answered and is left out. */
const partsOf = <A>(
  parts: ReadonlyArray<unknown>,
  decode: (part: unknown) => Option.Option<A>,
  unread: (n: number) => A
): ReadonlyArray<A> =>
  parts.flatMap((part) => {
    const read = Option.orElse(decode(part), () => Option.map(decodeNumber(part), ({ n }) => unread(n)))
    return Option.isSome(read) ? [read.value] : []
  })

interface Message {
  readonly v?: unknown
  readonly form?: unknown
  readonly asks?: unknown
  readonly replies?: unknown
}

const parsed = (text: string): Message | null => {
  try {
    return JSON.parse(text) as Message | null
  } catch {
    return null
  }
}

const isOwn = ({ form, v }: Message): boolean => v === 1 && form === ownForm()

/** What cannot be read is asked again, and by then perhaps of a program that can. */
export const notUnderstood = (what: string): StoreUnavailable =>
  new StoreUnavailable({ operation: "ask", cause: new Error(`${what} of a newer release is not understood here`) })

/** Null when the text is not what version 1 of this program writes. */
export const readAsks = (text: string): ReadonlyArray<Ask> | null => {
  const message = parsed(text)
  if (message !== null && isOwn(message) && Array.isArray(message.asks)) return message.asks as ReadonlyArray<Ask>
  const whole = decodeAsks(message)
  if (Option.isSome(whole)) return whole.value.asks
  const parts = Option.getOrNull(decodeParts(message))
  return parts !== null && "asks" in parts ? partsOf<Ask>(parts.asks, decodeAsk, (n) => ({ n, envelope: null })) : null
}

const unreadReply = (n: number): Reply => ({ n, refusal: notUnderstood("an answer") })

/** An answer that cannot be read is read as `notUnderstood`. */
export const readReplies = (text: string): ReadonlyArray<Reply> | null => {
  const message = parsed(text)
  if (message !== null && isOwn(message) && Array.isArray(message.replies)) {
    const replies = message.replies as ReadonlyArray<Reply>
    return replies.every(({ answer }) => answer !== undefined) ? replies : partsOf(replies, decodeReply, unreadReply)
  }
  const whole = decodeReplies(message)
  if (Option.isSome(whole)) return whole.value.replies
  const parts = Option.getOrNull(decodeParts(message))
  return parts !== null && "replies" in parts ? partsOf(parts.replies, decodeReply, unreadReply) : null
}
