/** What is asked of service orders that are there: one command each, under the version the caller has seen where it says so. */
import { Principal } from "@dueline/contracts/api/Access"
import { AddOrderItems, MoveOrder, ScheduleOrder } from "@dueline/contracts/api/OrderRequest"
import type { IdempotencyKey, OrderId } from "@dueline/contracts/Ids"
import type { OrderCommand } from "@dueline/contracts/order/Command"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Effect } from "effect"
import type { HttpServerRequest } from "effect/http"
import { answer } from "../answer.ts"
import { makeAsk, now } from "../asking.ts"
import { fingerprint } from "../idempotency.ts"
import { jsonBody } from "../jsonBody.ts"
import { isBodiless, noBody } from "../noBody.ts"
import { expectedVersion, ifMatchRequired } from "../preconditions.ts"
import { presentOrder } from "./reads.ts"
import { refusedOrder } from "./refusal.ts"
import { orderPath, orderState } from "./view.ts"
import { windowOf } from "./wishes.ts"

interface Asked {
  readonly request: HttpServerRequest.HttpServerRequest
  readonly params: { readonly id: OrderId }
  readonly headers: { readonly "idempotency-key"?: IdempotencyKey; readonly "if-match"?: string }
}

const readItems = jsonBody(AddOrderItems)
const readSchedule = jsonBody(ScheduleOrder)
const readMove = jsonBody(MoveOrder)

export const makeOrderCommands = Effect.gen(function* () {
  const ask = yield* makeAsk
  const queries = yield* OpsQueries

  const change = Effect.fnUntraced(function* (asked: Asked, name: string, body: unknown, command: OrderCommand) {
    const { headers, params, request } = asked
    const { tenantId } = yield* Principal
    const version = yield* expectedVersion(headers["if-match"], presentOrder(queries, tenantId, params.id))
    const route = `${orderPath(params.id)}/${name}`
    const print = headers["idempotency-key"] === undefined ? null : fingerprint("POST", route, body)
    const question = { request, headers, name, id: params.id, fingerprint: print, expectedVersion: version }
    const given = yield* ask(question, command).pipe(Effect.catch(refusedOrder(queries, tenantId)))
    return answer(200, orderState(tenantId, given), given)
  })

  const plain = (name: string, _tag: "ConfirmOrder" | "CancelOrder" | "CompleteOrder") =>
    Effect.fnUntraced(function* (asked: Asked) {
      yield* noBody(asked.request)
      return yield* change(asked, name, null, { _tag, orderId: asked.params.id, at: yield* now })
    })

  return {
    addItems: Effect.fnUntraced(function* (asked: Asked) {
      const body = yield* readItems(asked.request)
      const at = yield* now
      return yield* change(asked, "items", body, { _tag: "AddOrderItems", orderId: asked.params.id, at, ...body })
    }),
    schedule: Effect.fnUntraced(function* (asked: Asked) {
      const body = isBodiless(asked.request) ? {} : yield* readSchedule(asked.request)
      const at = yield* now
      const window = body.window === undefined ? null : yield* windowOf(body.window, at)
      return yield* change(asked, "schedule", body, { _tag: "ScheduleOrder", orderId: asked.params.id, at, window })
    }),
    move: Effect.fnUntraced(function* (asked: Asked) {
      const body = yield* readMove(asked.request)
      yield* ifMatchRequired(asked.headers["if-match"])
      const at = yield* now
      const window = yield* windowOf(body.window, at)
      return yield* change(asked, "move", body, { _tag: "MoveOrder", orderId: asked.params.id, at, window })
    }),
    confirm: plain("confirm", "ConfirmOrder"),
    cancel: plain("cancel", "CancelOrder"),
    complete: plain("complete", "CompleteOrder")
  }
})
