/**
 * What a submission is, between the bytes of its body and the bytes of its answer: the one implementation, for single ones and for batches,
 * whichever way the request came in. Plain functions and callbacks, without a fiber: this is the path that every call takes.
 */
import type { Principal } from "@dueline/contracts/api/Access"
import { type FieldProblem, problemBody, problemCodes } from "@dueline/contracts/api/Problem"
import type { ErrorCode } from "@dueline/contracts/api/ProblemError"
import { BatchItem, batchLimit, type Pending, SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { SubmittedBatch } from "@dueline/contracts/api/ServiceCallView"
import { parseDelay } from "@dueline/contracts/api/Wire"
import type { Envelope } from "@dueline/contracts/Envelope"
import type { CorrelationId, EpochMillis, IdempotencyKey, ServiceCallId } from "@dueline/contracts/Ids"
import { type Answer, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { derivedCallId } from "@dueline/identity/derivedId"
import { callIdOf, correlationIdOf } from "@dueline/identity/randomId"
import { traceFields } from "@dueline/contracts/telemetry/Tracing"
import { Cause, Clock, Context, Effect, Exit, Layer, Random, References, Result, Schema } from "effect"
import { answerReply, jsonReply, type Reply } from "../requests/answer.ts"
import { envelope, fingerprint } from "../resources/asking.ts"
import { Patience } from "../server/Deadline.ts"
import { defectDetail, makeReport } from "../server/DefectReporter.ts"
import { dueTime } from "../requests/dueTime.ts"
import { fieldProblems } from "../requests/fieldProblems.ts"
import { type Denial, denied, deniedCreation } from "../requests/refusal.ts"
import { bodyDecoder, exactDecoder, invalid } from "../requests/requestBody.ts"
import { lookedCallback, rawRequest, refusedRequest, specOf } from "./askedRequest.ts"
import { callRefusals } from "./callRefusal.ts"
import { makePendingCalls } from "./pendingCalls.ts"
import { callPath, stateOf } from "./view.ts"

/** The address of a single submission. In the fingerprint of each, so that it is the same request in whatever way it is sent again. */
const route = "/v1/service-calls"

export interface Asker {
  readonly principal: Pick<Principal["Service"], "tenantId" | "subject">
  readonly correlationId: CorrelationId
  readonly traceparent: string | null
  /** Whose deadline it is: the same object for all that one request asks. */
  readonly request: object
}

/** One submission that was read. */
export interface Submission {
  /** What the call is kept under: the request's, but for an item of a batch. */
  readonly correlationId: CorrelationId
  readonly key: IdempotencyKey | undefined
  readonly callId: ServiceCallId
  readonly body: SubmitServiceCall
  /** Where the body stands in what was sent, for the paths of problems: `body`. */
  readonly part: string
}

/** Called once, maybe before the asking returns. */
type Settle<A> = (exit: Exit.Exit<A, Denial<ErrorCode>>) => void

type SubmitCall = Extract<ServiceCallCommand, { readonly _tag: "SubmitServiceCall" }>

type Item = (typeof SubmittedBatch.Encoded)["items"][number]

export class Submissions extends Context.Service<
  Submissions,
  {
    readonly read: (
      asker: Asker,
      key: IdempotencyKey | undefined,
      bytes: Uint8Array
    ) => Result.Result<Submission, Denial<ErrorCode>>
    /** Settles once the submission is durable, or is not going to be. A defect is a failure of the exit; nothing is thrown. */
    readonly accept: (asker: Asker, submission: Submission, settle: Settle<Answer>) => void
    readonly readBatch: (bytes: Uint8Array) => Result.Result<ReadonlyArray<unknown>, Denial<ErrorCode>>
    /**
     * Each for itself. `correlationId`: that the request came with; null when it came without one. A defect that one item meets is no
     * reason to leave the others, some of them durable by then, without an answer.
     */
    readonly acceptAll: (
      asker: Asker,
      correlationId: CorrelationId | null,
      items: ReadonlyArray<unknown>,
      settle: (reply: Reply) => void
    ) => void
  }
>()("@dueline/api/Submissions") {}

export const acceptedReply = (answer: Answer): Reply =>
  answerReply(202, stateOf(answer), { replayed: answer.replayed, location: callPath(answer.outcome.callId) })

const decode = bodyDecoder(SubmitServiceCall)
/** Items are decoded one by one, so that a broken one is refused alone. */
const decodeBatch = bodyDecoder(
  Schema.Struct({ items: Schema.Array(Schema.Unknown).check(Schema.isMinLength(1), Schema.isMaxLength(batchLimit)) })
)
const decodeItem = exactDecoder(BatchItem)

/** On the whole batch it would promise something about all items together. */
export const noCommonKey: ReadonlyArray<FieldProblem> = [
  { path: "header.idempotency-key", message: "is not for a batch: give each item an idempotencyKey" }
]

/** A submission that is no command at all. */
class Refused {
  readonly _tag = "Refused"
  readonly denial: Denial<ErrorCode>
  constructor(denial: Denial<ErrorCode>) {
    this.denial = denial
  }
}

const conflictOf = ({ longestWait, onConflict }: Pending) => ({
  onConflict,
  longestWaitMs: longestWait === undefined ? null : parseDelay(longestWait, "down")
})

export const layer: Layer.Layer<Submissions, never, Orchestrator | RequestIntake | Patience | CallQueries> =
  Layer.effect(
    Submissions,
    Effect.gen(function* () {
      const orchestrator = yield* Orchestrator
      const intake = yield* RequestIntake
      const { bound } = yield* Patience
      const pendingCalls = makePendingCalls(yield* CallQueries)
      const context = yield* Effect.context<never>()
      const clock = Context.get(context, Clock.Clock)
      const dice = Context.get(context, Random.Random)
      const report = makeReport()

      /** Something is written to the log, which is rare, in the name of whoever asks. */
      const run = (
        { correlationId, principal: { tenantId }, traceparent }: Asker,
        effect: Effect.Effect<void>
      ): void => {
        Effect.runForkWith(context)(
          Effect.provideService(effect, References.CurrentLogAnnotations, {
            correlationId,
            tenantId,
            ...traceFields(traceparent)
          })
        )
      }

      const nameOf = ({ principal }: Asker, key: IdempotencyKey | undefined): ServiceCallId =>
        key === undefined ? callIdOf(clock.currentTimeMillisUnsafe(), dice) : derivedCallId(principal.tenantId, key)

      /** The command, or why there is none. */
      const commandOf = (
        { principal, traceparent }: Asker,
        { body, callId, correlationId, key, part }: Submission
      ): Result.Result<Envelope<SubmitCall>, Denial<ErrorCode>> => {
        const at = clock.currentTimeMillisUnsafe() as EpochMillis
        const due = dueTime(body, at, part)
        if (Result.isFailure(due)) return Result.fail(due.failure)
        const onEnd = lookedCallback(intake, principal.tenantId, callId, body.onEnd, part)
        if (Result.isFailure(onEnd)) return Result.fail(onEnd.failure)
        const { shown, whole } = onEnd.success
        const raw = rawRequest(body.request)
        const admitted = intake.admit(principal.tenantId, callId, whole === null ? raw : { ...raw, onEnd: whole })
        if (Result.isFailure(admitted)) return Result.fail(refusedRequest(part, admitted.failure))
        const print = key === undefined ? null : fingerprint("POST", route, body)
        return Result.succeed(
          envelope(
            {
              principal,
              correlationId,
              traceparent,
              // What two submissions ask of one pending call are two commands.
              commandId: `submit:${body.pending === undefined ? callId : callIdOf(at, dice)}`,
              idempotency: key === undefined || print === null ? null : { key, fingerprint: print },
              expectedVersion: null
            },
            {
              _tag: "SubmitServiceCall",
              callId,
              at,
              dueAt: due.success,
              fingerprint: print,
              origin: { correlationId, traceparent },
              spec:
                shown === null ? specOf(body, admitted.success) : { ...specOf(body, admitted.success), onEnd: shown },
              sealed: admitted.success.sealed,
              ...(body.pending === undefined ? {} : { pending: conflictOf(body.pending) })
            }
          )
        )
      }

      /** Of a call with a pending key: which call that is has to be looked up first. */
      const acceptPending = (asker: Asker, submission: Submission, key: string, settle: Settle<Answer>): void => {
        const { tenantId } = asker.principal
        const ask = (callId: ServiceCallId) =>
          Effect.callback<Answer, Refusal | Refused>((resume) => {
            const command = commandOf(asker, { ...submission, callId })
            if (Result.isFailure(command)) return resume(Effect.fail(new Refused(command.failure)))
            return bound<Answer, Refusal>(
              asker.request,
              "ask",
              (answered) => orchestrator.offer(command.success, answered),
              resume
            )
          })
        Effect.runForkWith(context)(pendingCalls.submit(tenantId, key, ask)).addObserver((exit) => {
          if (Exit.isSuccess(exit)) return settle(Exit.succeed(exit.value))
          const refused = exit.cause.reasons.find(Cause.isFailReason)?.error
          return settle(
            refused instanceof Refused ? Exit.fail(refused.denial) : deniedOf(asker, exit.cause as Cause.Cause<Refusal>)
          )
        })
      }

      const accept = (asker: Asker, submission: Submission, settle: Settle<Answer>): void => {
        const { pending } = submission.body
        if (pending !== undefined) return acceptPending(asker, submission, pending.key, settle)
        let command: Result.Result<Envelope<SubmitCall>, Denial<ErrorCode>>
        try {
          command = commandOf(asker, submission)
        } catch (defect) {
          settle(Exit.die(defect))
          return
        }
        if (Result.isFailure(command)) {
          settle(Exit.fail(command.failure))
          return
        }
        const asked = command.success
        bound<Answer, Refusal>(
          asker.request,
          "ask",
          (answered) => orchestrator.offer(asked, answered),
          (exit) => settle(Exit.isSuccess(exit) ? Exit.succeed(exit.value) : deniedOf(asker, exit.cause))
        )
      }

      const deniedOf = (asker: Asker, cause: Cause.Cause<Refusal>): Exit.Exit<never, Denial<ErrorCode>> => {
        const reason = cause.reasons.find(Cause.isFailReason)
        if (reason === undefined) return Exit.failCause(cause as Cause.Cause<never>)
        const denial = deniedCreation(callRefusals, (effect) => run(asker, effect))(
          reason.error,
          asker.principal.tenantId
        )
        return denial === null ? Exit.die(reason.error) : Exit.fail(denial)
      }

      const problemItem = (asker: Asker, { code, detail, details }: Denial): Item =>
        ({
          status: problemCodes[code].status,
          problem: problemBody(code, asker.correlationId, detail, details)
        }) as Item

      const itemOf = (asker: Asker, exit: Exit.Exit<Answer, Denial<ErrorCode>>, correlationId: CorrelationId): Item => {
        if (Exit.isSuccess(exit)) {
          return { status: 202, call: stateOf(exit.value), correlationId, replayed: exit.value.replayed }
        }
        const reason = exit.cause.reasons.find(Cause.isFailReason)
        if (reason !== undefined) return problemItem(asker, reason.error)
        run(asker, report("an item of a batch failed", exit.cause))
        return problemItem(asker, denied("internal", defectDetail))
      }

      /** What the item says, or why it is refused. */
      const readItem = (asker: Asker, given: CorrelationId | null, sent: unknown, part: string): Submission | Item => {
        const read = decodeItem(sent)
        if (Result.isFailure(read)) return problemItem(asker, invalid(fieldProblems(part, read.failure.issue, sent)))
        const { correlationId: own, idempotencyKey: key, ...body } = read.success
        return { correlationId: own ?? given ?? correlationIdOf(dice), key, callId: nameOf(asker, key), body, part }
      }

      const acceptItem = (
        asker: Asker,
        given: CorrelationId | null,
        sent: unknown,
        part: string,
        settle: (item: Item) => void
      ): void => {
        let read: Submission | Item
        try {
          read = readItem(asker, given, sent, part)
        } catch (defect) {
          read = itemOf(asker, Exit.die(defect), asker.correlationId)
        }
        if ("status" in read) {
          settle(read)
          return
        }
        const { correlationId } = read
        accept(asker, read, (exit) => settle(itemOf(asker, exit, correlationId)))
      }

      return Submissions.of({
        read: (asker, key, bytes) =>
          Result.map(decode(bytes), (body) => {
            const { correlationId } = asker
            return { correlationId, key, callId: nameOf(asker, key), body, part: "body" }
          }),
        accept,
        readBatch: (bytes) => Result.map(decodeBatch(bytes), ({ items }) => items),
        acceptAll: (asker, correlationId, items, settle) => {
          const told: Array<Item> = []
          let left = items.length
          // All at once, so that the writer has them all when it begins its next commit.
          items.forEach((sent, n) =>
            acceptItem(asker, correlationId, sent, `body.items.${n}`, (item) => {
              told[n] = item
              left -= 1
              if (left === 0) settle(jsonReply(200, JSON.stringify({ items: told })))
            })
          )
        }
      })
    })
  )
