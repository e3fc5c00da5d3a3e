/** Flows over HTTP: how bodies become commands, and how flows are shown with what is under way of them. */
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { FlowFacts, FlowId, FlowRejection, FlowRow } from "@dueline/contracts/flow/Flow"
import type { FlowState, FlowView } from "@dueline/contracts/flow/FlowEndpoints"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { CallQueries, type FlowState as Standing } from "@dueline/contracts/ports/Queries"
import { flowIdOf } from "@dueline/identity/derivedId"
import { Clock, Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { notFound, type Refusals, storeUnavailable } from "../requests/refusal.ts"
import type { Raw } from "../resources/asking.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"
import { leanGroup } from "../server/leanGroup.ts"

const shown = (id: FlowId, flow: FlowFacts, version: number): FlowState => ({
  id,
  key: flow.key,
  concurrency: flow.concurrency,
  ratePerSecond: flow.ratePerSecond,
  status: flow.status,
  createdAt: formatInstant(flow.createdAt),
  updatedAt: formatInstant(flow.updatedAt),
  version,
  links: { self: `/v1/flows/${id}` }
})

const viewOf = (row: FlowRow, { running, waiting }: Standing): FlowView => ({
  ...shown(row.flowId, row, row.version),
  running,
  waiting,
  text: `running ${running}${row.concurrency === null ? "" : ` of ${row.concurrency}`}, waiting ${waiting}`,
  correlationId: row.correlationId as CorrelationId
})

const refusals = { FlowNotFound: notFound("flow_not_found") } as const satisfies Refusals<FlowRejection>

const idle: Standing = { running: 0, waiting: 0 }

const makeOperations = Effect.gen(function* () {
  const reads = yield* makeReads("flow")
  const calls = yield* CallQueries
  const { change, create } = yield* makeWrites("flow", {
    refusals,
    present: reads.present,
    state: (_tenantId, { outcome: { flow, flowId }, version }) => shown(flowId, flow, version)
  })

  const standing = Effect.fnUntraced(function* ({ key, tenantId }: FlowRow) {
    return yield* calls.flow(tenantId, key, yield* Clock.currentTimeMillis).pipe(Effect.catch(storeUnavailable))
  })
  const rows = reads.list(
    ({ key, status = "Active" }: Raw<"flows", "list">["query"]) => equals({ key, status }),
    (row) => row
  )

  return {
    define: create("define", {
      as: "define-flow",
      placeOf: ({ key }, tenantId) => ({ tenantId, id: flowIdOf(tenantId, key) }),
      command: ({ at, body, id, origin }) => ({
        _tag: "DefineFlow",
        flowId: id,
        at,
        key: body.key,
        concurrency: body.concurrency ?? null,
        ratePerSecond: body.ratePerSecond ?? null,
        origin
      })
    }),
    /** One look for each of the page. */
    list: Effect.fnUntraced(function* (sent: Raw<"flows", "list">) {
      const { items, nextCursor } = yield* rows(sent)
      const shown = yield* Effect.forEach(items, (row) => Effect.map(standing(row), (now) => viewOf(row, now)))
      return { items: shown, nextCursor }
    }),
    get: reads.getWith((row, past) =>
      Effect.map(past ? Effect.succeed(idle) : standing(row), (now) => viewOf(row, now))
    ),
    remove: change("remove", {
      as: "remove-flow",
      command: ({ at, id }) => ({ _tag: "RemoveFlow", flowId: id, at })
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { define, get, list, remove } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "flows", (handlers) =>
        handlers.handleRaw("define", define).handle("list", list).handle("get", get).handle("remove", remove)
      )
    )
  })
)
