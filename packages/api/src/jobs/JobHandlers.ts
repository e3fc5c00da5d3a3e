/** Bulk jobs over HTTP: planned, started, watched, paused and aborted. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { type BulkJobCommand, type BulkJobId } from "@dueline/contracts/bulkJob/BulkJob"
import { PlanBulkJob } from "@dueline/contracts/bulkJob/BulkJobEndpoints"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { JobItemQueries } from "@dueline/contracts/ports/JobItems"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, itemMark, makePaging } from "../resources/paging.ts"
import type { Raw } from "../resources/asking.ts"
import { orDeny, storeUnavailable } from "../requests/refusal.ts"
import { jsonBody } from "../requests/requestBody.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { makePlan, workIn } from "./plan.ts"
import { makePlanBackfill, makePlanRedelivery } from "./pastPlans.ts"
import { jobRefusals, makeStart, mayDo } from "./start.ts"
import { itemOf, stateOf, viewOf } from "./jobView.ts"

const readPlan = jsonBody(PlanBulkJob)

const makePlanning = Effect.gen(function* () {
  const plan = yield* makePlan
  const planBackfill = yield* makePlanBackfill
  const planRedelivery = yield* makePlanRedelivery
  return Effect.fnUntraced(function* ({ request }: Raw<"jobs", "plan">) {
    const body = yield* readPlan(request)
    const { action } = body
    const { tenantId } = yield* Principal
    yield* mayDo(action)
    if (action === "backfill-schedule") return yield* planBackfill(tenantId, body)
    if (action === "redeliver-messages") return yield* planRedelivery(tenantId, body)
    const work = yield* orDeny(workIn({ ...body, action }))
    return yield* plan(tenantId, work).pipe(Effect.catchTag("StoreUnavailable", storeUnavailable))
  })
})

const makeOperations = Effect.gen(function* () {
  const reads = yield* makeReads("bulk-job")
  const items = yield* JobItemQueries
  const paging = yield* makePaging(itemMark)
  const { change } = yield* makeWrites("bulk-job", {
    refusals: jobRefusals,
    present: reads.present,
    state: (_tenantId, { outcome: { bulkJobId, job }, version }) => stateOf(bulkJobId, job, version)
  })
  const command =
    (_tag: "PauseBulkJob" | "ResumeBulkJob" | "AbortBulkJob") =>
    ({ at, id }: { readonly at: EpochMillis; readonly id: BulkJobId }): BulkJobCommand => ({ _tag, bulkJobId: id, at })

  return {
    plan: yield* makePlanning,
    start: yield* makeStart,
    list: reads.list(({ status }: Raw<"jobs", "list">["query"]) => equals({ status }), viewOf),
    get: reads.get(viewOf),
    items: Effect.fnUntraced(function* ({ params, query }: Raw<"jobs", "items">) {
      const { tenantId } = yield* Principal
      const { id } = params
      const { cursor, limit = defaultLimit, outcome } = query
      const { work } = yield* reads.present(tenantId, id)
      const about = { list: "job-items", id, outcome: outcome ?? null }
      const after = yield* paging.after(tenantId, about, cursor)
      const page = yield* items
        .list({ tenantId, bulkJobId: id, outcome: outcome ?? null, after, limit })
        .pipe(Effect.catch(storeUnavailable))
      return {
        items: page.items.map((item) => itemOf(work, item)),
        nextCursor: paging.next(tenantId, about, page.next)
      }
    }),
    pause: change("pause", { as: "pause-bulk-job", command: command("PauseBulkJob") }),
    resume: change("resume", { as: "resume-bulk-job", command: command("ResumeBulkJob") }),
    abort: change("abort", { as: "abort-bulk-job", command: command("AbortBulkJob") })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { abort, get, items, list, pause, plan, resume, start } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "jobs", (handlers) =>
        handlers
          .handleRaw("plan", plan)
          .handleRaw("start", start)
          .handle("list", list)
          .handle("get", get)
          .handle("items", items)
          .handle("pause", pause)
          .handle("resume", resume)
          .handle("abort", abort)
      )
    )
  })
)
