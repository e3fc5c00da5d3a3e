/** How a job begins: from the token of a plan, or from one dead letter. Its id follows from either, so that asking twice is one job. */
import { Principal } from "@dueline/contracts/api/Access"
import {
  actionOf,
  type BulkAction,
  type BulkJobId,
  type BulkJobRejection,
  type BulkPlan,
  type BulkWork,
  defaultBulkRate
} from "@dueline/contracts/bulkJob/BulkJob"
import { actionScopes, planMs, StartBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { derivedId } from "@dueline/identity/derivedId"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { hash } from "node:crypto"
import { makeAttributes } from "../access/attributes.ts"
import { answer } from "../requests/answer.ts"
import { makeAsk, now, type Raw, traceparentOf } from "../resources/asking.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { notFound, type Refusals, refusedCreation, reject, storeUnavailable } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { makeTokens } from "./plan.ts"
import { jobPath, stateOf } from "./jobView.ts"

export const jobRefusals = {
  BulkJobNotFound: notFound("job_not_found"),
  BulkJobOver: {
    code: "job_over",
    advice: ({ status }) => `The job is ${status}. Make another plan for what is left.`,
    existing: true
  },
  BulkStepUnexpected: { code: "step_unexpected", advice: "Read the job again.", existing: true }
} as const satisfies Refusals<BulkJobRejection>

const refused = refusedCreation(jobRefusals)

/** A job does what its starter may do. */
export const mayDo = Effect.fnUntraced(function* (action: BulkAction) {
  const { scopes } = yield* Principal
  const scope = actionScopes[action]
  if (!scopes.includes(scope)) return yield* reject("insufficient_scope", `This needs the scope ${scope} too.`)
})

export interface Beginning {
  readonly bulkJobId: BulkJobId
  readonly work: BulkWork
  readonly plan: BulkPlan
  readonly rate: number
}

export const makeBegin = Effect.map(makeAsk, (ask) =>
  /** `status`: of the answer. */
  Effect.fnUntraced(function* (
    request: HttpServerRequest.HttpServerRequest,
    { bulkJobId, ...begun }: Beginning,
    status: 201 | 202
  ) {
    const { subject, tenantId } = yield* Principal
    const origin = { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request.headers) }
    const question = {
      request,
      headers: {},
      name: "start-bulk-job",
      id: bulkJobId,
      fingerprint: null,
      expectedVersion: null
    }
    const command = {
      _tag: "StartBulkJob",
      bulkJobId,
      at: yield* now,
      ...begun,
      startedBy: subject,
      origin
    } as const
    const given = yield* Effect.catch(ask(question, command), (refusal) => refused(refusal, tenantId))
    const { job } = given.outcome
    return answer(status, stateOf(bulkJobId, job, given.version), { ...given, location: jobPath(bulkJobId) })
  })
)

const read = jsonBody(StartBulkJob)

const invalidToken = reject(
  "plan_invalid",
  "Send the `token` of an answer of /v1/jobs/plan as it is, for the tenant that asked for the plan."
)
const expired = reject("plan_expired", "Make the plan again: what it found may be different now.")

export const makeStart = Effect.gen(function* () {
  const tokens = yield* makeTokens
  const queries = yield* OpsQueries
  const begin = yield* makeBegin
  const { demand } = yield* makeAttributes
  return Effect.fnUntraced(function* ({ request }: Raw<"jobs", "start">) {
    const { rate = defaultBulkRate, token } = yield* read(request)
    const { tenantId } = yield* Principal
    const planned = tokens.open(tenantId, token)
    if (planned === null) return yield* invalidToken
    const { plan, work } = planned
    yield* mayDo(actionOf(work))
    const key = `plan:${hash("sha256", token, "base64url")}` as IdempotencyKey
    const bulkJobId = derivedId("bulk-job", tenantId, key)
    yield* demand("ops:jobs.write", tenantId, { id: bulkJobId, tags: [] })
    if ((yield* now) > plan.at + planMs) {
      const begun = yield* queries.find("bulk-job", tenantId, bulkJobId).pipe(Effect.catch(storeUnavailable))
      if (begun === null) return yield* expired
    }
    return yield* begin(request, { bulkJobId, work, plan, rate }, 201)
  })
})
