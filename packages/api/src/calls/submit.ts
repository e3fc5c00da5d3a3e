/** Submissions that come in through the router: what differs from the plain way is how the request is read, and that one may wait. */
import { Principal } from "@dueline/contracts/api/Access"
import { decide } from "@dueline/contracts/api/conditions"
import { notForThis } from "../access/attributes.ts"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/Queries"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"
import { Duration, Effect, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer, problemReply, responseOf } from "../requests/answer.ts"
import { type Raw, traceparentOf } from "../resources/asking.ts"
import { CurrentCorrelationId, isCorrelationId } from "../requests/headers.ts"
import { Patience } from "../server/Deadline.ts"
import { RateCharge } from "../access/RateLimits.ts"
import { type Denial, storeUnavailable } from "../requests/refusal.ts"
import { bodyBytes, invalidRequest } from "../requests/requestBody.ts"
import { LeavePlace } from "../server/RequestPlaces.ts"
import { CallEndings } from "./CallEndings.ts"
import { Details } from "./Details.ts"
import { acceptedReply, type Asker, noCommonKey, type Submission, Submissions } from "./Submissions.ts"
import { callPath, stateOf, stateOfRow } from "./view.ts"

const problem = ({ correlationId }: Asker, denial: Denial) => responseOf(problemReply(denial, correlationId))

type Submitter = Asker & { readonly principal: Principal["Service"] }

const askerOf = (request: HttpServerRequest.HttpServerRequest) =>
  Effect.gen(function* () {
    const principal = yield* Principal
    const correlationId = yield* CurrentCorrelationId
    return { principal, correlationId, traceparent: traceparentOf(request.headers), request } satisfies Asker
  })

/** The call that has a pending key may be another's, with other tags. */
const isFor = ({ principal: { tenantId, where } }: Submitter, { body: { pending, tags = [] } }: Submission): boolean =>
  where === undefined || (pending === undefined && decide(where, { tenantId, tags, own: true }) === "yes")

export const makeSubmit = Effect.gen(function* () {
  const submissions = yield* Submissions
  const endings = yield* CallEndings
  const details = yield* Details
  const queries = yield* CallQueries
  const patience = yield* Patience
  const find = (tenantId: TenantId, callId: ServiceCallId) =>
    queries.find(tenantId, callId).pipe(Effect.catch(storeUnavailable))

  const accept = (asker: Asker, submission: Submission) =>
    Effect.result(Effect.callback<Answer, Denial>((resume) => submissions.accept(asker, submission, resume)))

  const acceptAndWait = Effect.fnUntraced(function* (asker: Asker, submission: Submission, waitSeconds: number) {
    const { callId } = submission
    const { tenantId } = asker.principal
    const ended = yield* endings.of(tenantId, callId)
    const outcome = yield* accept(asker, submission)
    if (Result.isFailure(outcome)) return problem(asker, outcome.failure)
    const accepted = outcome.success
    if (ended === null) return responseOf(acceptedReply(accepted))
    let row = yield* find(tenantId, callId)
    if (row !== null && row.endedAt === null) {
      yield* Effect.flatten(LeavePlace)
      yield* Effect.timeoutOption(ended, Duration.seconds(waitSeconds))
      patience.renew(asker.request)
      row = yield* find(tenantId, callId)
    }
    const waited = {
      replayed: accepted.replayed,
      location: callPath(callId),
      preferenceApplied: `wait=${waitSeconds}`
    }
    if (row === null) return answer(202, stateOf(accepted), waited)
    return row.endedAt === null ? answer(202, stateOfRow(row), waited) : answer(200, yield* details.ofRow(row), waited)
  }, Effect.scoped)

  const submit = Effect.fnUntraced(function* ({ headers, request }: Raw<"serviceCalls", "submit">) {
    const bytes = yield* bodyBytes(request)
    const asker = yield* askerOf(request)
    const read = submissions.read(asker, headers["idempotency-key"], bytes)
    if (Result.isFailure(read)) return problem(asker, read.failure)
    const submission = read.success
    if (!isFor(asker, submission)) return yield* notForThis("ops:calls.write")
    const waitSeconds = parseWait(headers.prefer)
    // Which call has a pending key is not known before.
    if (waitSeconds > 0 && submission.body.pending === undefined)
      return yield* acceptAndWait(asker, submission, waitSeconds)
    const outcome = yield* accept(asker, submission)
    return Result.isSuccess(outcome) ? responseOf(acceptedReply(outcome.success)) : problem(asker, outcome.failure)
  })

  const submitBatch = Effect.fnUntraced(function* ({ request }: Raw<"serviceCalls", "submitBatch">) {
    if (request.headers["idempotency-key"] !== undefined) return yield* invalidRequest(noCommonKey)
    const read = submissions.readBatch(yield* bodyBytes(request))
    const asker = yield* askerOf(request)
    if (Result.isFailure(read)) return problem(asker, read.failure)
    const items = read.success
    const charge = yield* RateCharge
    yield* charge(items.length - 1)
    const named = isCorrelationId(request.headers["x-correlation-id"]) ? asker.correlationId : null
    return yield* Effect.callback<ReturnType<typeof responseOf>>((resume) =>
      submissions.acceptAll(asker, named, items, (reply) => resume(Effect.succeed(responseOf(reply))))
    )
  })

  return { submit, submitBatch }
})

const maxWaitSeconds = 30

const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/iu

/** Of `Prefer: wait=N` (RFC 7240): whole seconds, at most `maxWaitSeconds`; 0 when the caller does not want to wait. A preference that is not understood is passed over. */
const parseWait = (prefer: string | undefined): number => {
  const seconds = prefer === undefined ? undefined : wait.exec(prefer)?.[1]
  return seconds === undefined ? 0 : Math.min(Number(seconds), maxWaitSeconds)
}
