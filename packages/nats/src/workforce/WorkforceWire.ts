/** How attempts travel to the processes that make them, and how those say what they have room for: JSON, version 1. */
import { CorrelationId, ServiceCallId, TenantId, WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import { deadlineGraceMs, RequestSummary } from "@dueline/contracts/serviceCall/Spec"
import { Option, Schema } from "effect"

const Attempt = Schema.TaggedStruct("ExecutionRequested", {
  tenantId: TenantId,
  callId: ServiceCallId,
  worker: WorkerId,
  epoch: Schema.Int,
  attempt: Schema.Int,
  dueAt: Schema.Int,
  /** Missing from orchestrators of before 0.2. */
  handedOverAt: Schema.optionalKey(Schema.Int),
  deadlineAt: Schema.Int,
  timeoutMs: Schema.Int,
  retryStatuses: Schema.Array(Schema.Int),
  request: RequestSummary,
  sealed: Schema.NullOr(Schema.String),
  correlationId: CorrelationId,
  traceparent: Schema.NullOr(Schema.String),
  detached: Schema.optionalKey(Schema.Literal(true))
})

const Attempts = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    from: Schema.String,
    /** How many attempts the sender has sent to this worker by now, these included. */
    sent: Schema.Int,
    attempts: Schema.Array(Attempt)
  })
)

const Places = Schema.fromJsonString(
  Schema.Struct({
    v: Schema.Literal(1),
    worker: WorkerId,
    free: Schema.Int,
    /** By sender, the `sent` of the last message that has arrived: what was sent later is not counted in `free` yet. */
    seen: Schema.Record(Schema.String, Schema.Int)
  })
)
export type Places = typeof Places.Type

export const attemptText = (intent: ExecutionRequested): string => JSON.stringify(intent)
export const attemptsText = (from: string, sent: number, attempts: ReadonlyArray<string>): string =>
  `{"v":1,"from":${JSON.stringify(from)},"sent":${sent},"attempts":[${attempts.join(",")}]}`
export const placesText = (worker: WorkerId, free: number, seen: ReadonlyMap<string, number>): string =>
  JSON.stringify({ v: 1, worker, free, seen: Object.fromEntries(seen) })

const decodeAttempts = Schema.decodeUnknownOption(Attempts)
const decodePlaces = Schema.decodeUnknownOption(Places)

const Recall = Schema.fromJsonString(
  Schema.Struct({ v: Schema.Literal(1), tenantId: TenantId, callId: ServiceCallId, epoch: Schema.Int })
)
const Recalled = Schema.fromJsonString(
  Schema.Struct({ v: Schema.Literal(1), answer: Schema.Literals(["recalled", "sent", "unheard"]) })
)

export const recallText = ({ callId, epoch, tenantId }: Holding): string =>
  JSON.stringify({ v: 1, tenantId, callId, epoch })
export const recalledText = (answer: RecallAnswer): string => JSON.stringify({ v: 1, answer })

const decodeRecall = Schema.decodeUnknownOption(Recall)
const decodeRecalled = Schema.decodeUnknownOption(Recalled)

const handedOver = (attempt: typeof Attempt.Type): ExecutionRequested => ({
  ...attempt,
  handedOverAt: attempt.handedOverAt ?? attempt.deadlineAt - attempt.timeoutMs - deadlineGraceMs
})

/** Null when the text is not what version 1 of this program writes. */
export const readAttempts = (text: string) =>
  Option.getOrNull(Option.map(decodeAttempts(text), (read) => ({ ...read, attempts: read.attempts.map(handedOver) })))
export const readRecall = (text: string): Holding | null => Option.getOrNull(decodeRecall(text))
/** What is not understood is taken for the answer that promises nothing. */
export const readRecalled = (text: string): RecallAnswer =>
  Option.match(decodeRecalled(text), { onNone: () => "sent", onSome: ({ answer }) => answer })
export const readPlaces = (text: string): Places | null => Option.getOrNull(decodePlaces(text))
