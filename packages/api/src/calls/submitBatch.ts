/** Takes several submissions at once: one reading of the token and one answer for all, and each accepted or refused for itself. */
import { Principal } from "@dueline/contracts/api/Access"
import { type FieldProblem, problemBody } from "@dueline/contracts/api/Problem"
import { Unavailable, Unprocessable } from "@dueline/contracts/api/ProblemError"
import { BatchItem, batchLimit } from "@dueline/contracts/api/ServiceCallRequest"
import type { SubmittedBatch } from "@dueline/contracts/api/ServiceCallView"
import type { CorrelationId } from "@dueline/contracts/Ids"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import { derivedCallId } from "@dueline/identity/derivedId"
import { randomCallId, randomCorrelationId } from "@dueline/identity/randomId"
import { Cause, Effect, Result, Schema } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { makeAccept } from "./accept.ts"
import { CurrentCorrelationId, isCorrelationId } from "../Correlation.ts"
import { defectDetail, makeReport, type Report } from "../DefectReporter.ts"
import { fieldProblems } from "../fieldProblems.ts"
import { bodyParseOptions, invalidRequest, jsonBody } from "../requestBody.ts"
import { RateCharge } from "../RateLimits.ts"
import type { Raw } from "../Raw.ts"
import { stateOf } from "./view.ts"

/** As it is written down. */
type Item = (typeof SubmittedBatch.Encoded)["items"][number]

interface Batch {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly principal: Principal["Service"]
  /** That the request came with; null when it came without one. */
  readonly correlationId: CorrelationId | null
}

/** Items are read one by one, so that a broken one is refused alone. */
const readBody = jsonBody(
  Schema.Struct({ items: Schema.Array(Schema.Unknown).check(Schema.isMinLength(1), Schema.isMaxLength(batchLimit)) })
)
const readItem = Schema.decodeUnknownResult(BatchItem, bodyParseOptions)

/** On the whole batch it would promise something about all items together. */
const noCommonKey: ReadonlyArray<FieldProblem> = [
  { path: "header.idempotency-key", message: "is not for a batch: give each item an idempotencyKey" }
]

const accepted = (answer: Answer, correlationId: CorrelationId): Item => ({
  status: 202,
  call: stateOf(answer),
  correlationId,
  replayed: answer.replayed
})

const unprocessable = Schema.encodeSync(Unprocessable)
const unavailable = Schema.encodeSync(Unavailable)

const refused = (error: Unprocessable | Unavailable): Item =>
  error._tag === "Unprocessable"
    ? { status: 422, problem: unprocessable(error) }
    : { status: 503, problem: unavailable(error) }

/** A defect that one item meets is no reason to leave the others, some of them durable by now, without an answer. */
const failed = (report: Report) =>
  Effect.fnUntraced(function* (defect: unknown): Effect.fn.Return<Item> {
    yield* report("an item of a batch failed", Cause.die(defect))
    return { status: 500, problem: problemBody("internal", yield* CurrentCorrelationId, defectDetail) }
  })

export const makeSubmitBatch = Effect.gen(function* () {
  const accept = yield* makeAccept
  const tell = failed(makeReport())

  const submit = Effect.fnUntraced(function* ({ correlationId, principal, request }: Batch, sent: unknown, i: number) {
    const part = `body.items.${i}`
    const read = readItem(sent)
    if (Result.isFailure(read)) return yield* invalidRequest(fieldProblems(part, read.failure.issue, sent))
    const { correlationId: own, idempotencyKey: key, ...body } = read.success
    const callId = key === undefined ? yield* randomCallId : derivedCallId(principal.tenantId, key)
    const correlation = own ?? correlationId ?? (yield* randomCorrelationId)
    const answer = yield* accept({ principal, request, correlationId: correlation, key, callId, body, part })
    return accepted(answer, correlation)
  })

  return Effect.fnUntraced(function* ({ request }: Raw<"serviceCalls", "submitBatch">) {
    if (request.headers["idempotency-key"] !== undefined) return yield* invalidRequest(noCommonKey)
    const { items } = yield* readBody(request)
    const principal = yield* Principal
    const charge = yield* RateCharge
    yield* charge(items.length - 1)
    const correlationId = isCorrelationId(request.headers["x-correlation-id"]) ? yield* CurrentCorrelationId : null
    const batch = { principal, request, correlationId }
    // All at once, so that the writer has them all when it begins its next commit.
    const told = yield* Effect.forEach(
      items,
      (item, i) =>
        submit(batch, item, i).pipe(
          Effect.catch((error) => Effect.succeed(refused(error))),
          Effect.catchDefect(tell)
        ),
      { concurrency: "unbounded" }
    )
    return HttpServerResponse.text(JSON.stringify({ items: told }), { contentType: "application/json" })
  })
})
