/** Makes a service order, as a draft or at once for its window. */
import { Principal } from "@dueline/contracts/api/Access"
import { CreateOrder } from "@dueline/contracts/api/OrderRequest"
import type { IdempotencyKey, OrderId } from "@dueline/contracts/Ids"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { derivedId } from "@dueline/identity/derivedId"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "../answer.ts"
import { makeAsk, now } from "../asking.ts"
import { CurrentCorrelationId } from "../Correlation.ts"
import { traceparentOf } from "../envelope.ts"
import { fingerprint } from "../idempotency.ts"
import { jsonBody } from "../jsonBody.ts"
import { refusedNewOrder } from "./refusal.ts"
import { orderPath, ordersPath, orderState } from "./view.ts"
import { notificationsOf, windowOf } from "./wishes.ts"

interface New {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey }
}

const readNew = jsonBody(CreateOrder)

export const makeCreateOrder = Effect.gen(function* () {
  const ask = yield* makeAsk
  const queries = yield* OpsQueries
  const intake = yield* RequestIntake

  return Effect.fnUntraced(function* ({ headers, request }: New) {
    const body = yield* readNew(request)
    const { tenantId } = yield* Principal
    const key = headers["idempotency-key"]
    const orderId = key === undefined ? ((yield* randomUuidV7) as OrderId) : derivedId("order", tenantId, key)
    const print = key === undefined ? null : fingerprint("POST", ordersPath, body)
    const at = yield* now
    const window = body.window === undefined ? null : yield* windowOf(body.window, at)
    const notifications = yield* notificationsOf(intake, tenantId, orderId, body.notifications ?? [])
    const { binId, customerId, items = [], kind, schedule = false } = body
    const origin = { correlationId: yield* CurrentCorrelationId, traceparent: traceparentOf(request) }
    const terms = { customerId, binId, kind, notifications, origin }
    const question = { request, headers, name: "create-order", id: orderId, fingerprint: print, expectedVersion: null }
    const given = yield* ask(question, {
      _tag: "CreateOrder",
      orderId,
      at,
      terms,
      window,
      items,
      schedule,
      fingerprint: print
    }).pipe(Effect.catch(refusedNewOrder(queries, tenantId)))
    return answer(201, orderState(tenantId, given), { ...given, location: orderPath(orderId) })
  })
})
