/** Takes one submission: names it, has it accepted, and waits if the caller wants to. */
import { Principal } from "@dueline/contracts/api/Access"
import { SubmitServiceCall } from "@dueline/contracts/api/ServiceCallRequest"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import { derivedCallId } from "@dueline/identity/derivedId"
import { randomCallId } from "@dueline/identity/randomId"
import { Duration, Effect } from "effect"
import { makeAccept, type Submission } from "./accept.ts"
import { answer } from "../answer.ts"
import { CallEndings } from "./CallEndings.ts"
import { CurrentCorrelationId } from "../Correlation.ts"
import { Patience } from "../Deadline.ts"
import { Details } from "./Details.ts"
import { jsonBody } from "../requestBody.ts"
import { LeavePlace } from "../RequestPlaces.ts"
import type { Raw } from "../Raw.ts"
import { storeUnavailable } from "../refusal.ts"
import { callPath, stateOf, stateOfRow } from "./view.ts"

const readBody = jsonBody(SubmitServiceCall)

export const makeSubmit = Effect.gen(function* () {
  const accept = yield* makeAccept
  const endings = yield* CallEndings
  const details = yield* Details
  const queries = yield* CallQueries
  const patience = yield* Patience
  const find = (tenantId: TenantId, callId: ServiceCallId) =>
    queries.find(tenantId, callId).pipe(Effect.catch(storeUnavailable))

  const answerAtOnce = Effect.fnUntraced(function* (submission: Submission) {
    const accepted = yield* accept(submission)
    return answer(202, stateOf(accepted), { replayed: accepted.replayed, location: callPath(submission.callId) })
  })

  const answerWhenEnded = Effect.fnUntraced(function* (submission: Submission, waitSeconds: number) {
    const { callId } = submission
    const { tenantId } = submission.principal
    const ended = yield* endings.of(tenantId, callId)
    const accepted = yield* accept(submission)
    const about = { replayed: accepted.replayed, location: callPath(callId) }
    if (ended === null) return answer(202, stateOf(accepted), about)
    let row = yield* find(tenantId, callId)
    if (row !== null && row.endedAt === null) {
      yield* Effect.flatten(LeavePlace)
      yield* Effect.timeoutOption(ended, Duration.seconds(waitSeconds))
      patience.renew(submission.request)
      row = yield* find(tenantId, callId)
    }
    const waited = { ...about, preferenceApplied: `wait=${waitSeconds}` }
    if (row === null) return answer(202, stateOf(accepted), waited)
    return row.endedAt === null ? answer(202, stateOfRow(row), waited) : answer(200, yield* details.ofRow(row), waited)
  }, Effect.scoped)

  return Effect.fnUntraced(function* ({ headers, request }: Raw<"serviceCalls", "submit">) {
    const body = yield* readBody(request)
    const principal = yield* Principal
    const correlationId = yield* CurrentCorrelationId
    const key = headers["idempotency-key"]
    const callId = key === undefined ? yield* randomCallId : derivedCallId(principal.tenantId, key)
    const submission = { principal, request, correlationId, key, callId, body, part: "body" }
    const waitSeconds = parseWait(headers.prefer)
    return yield* waitSeconds === 0 ? answerAtOnce(submission) : answerWhenEnded(submission, waitSeconds)
  })
})

const maxWaitSeconds = 30

const wait = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/iu

/** Of `Prefer: wait=N` (RFC 7240): whole seconds, at most `maxWaitSeconds`; 0 when the caller does not want to wait. A preference that is not understood is passed over. */
const parseWait = (prefer: string | undefined): number => {
  const seconds = prefer === undefined ? undefined : wait.exec(prefer)?.[1]
  return seconds === undefined ? 0 : Math.min(Number(seconds), maxWaitSeconds)
}
