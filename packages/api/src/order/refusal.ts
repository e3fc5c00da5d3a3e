/** What is refused of service orders, as a problem. */
import {
  Conflict,
  NotFound,
  type PreconditionFailed,
  type Unavailable,
  Unprocessable
} from "@dueline/contracts/api/ProblemError"
import type { TenantId } from "@dueline/contracts/Ids"
import type { OrderBinUnfit, OrderRejection, TooManyItems } from "@dueline/contracts/order/Rejection"
import type { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import type { Refusal } from "@dueline/contracts/ports/Orchestrator"
import { Effect } from "effect"
import { keyReused, refusedAnewAnyway, refusedAnyway } from "../refusal.ts"
import { reject } from "../reject.ts"
import { scheduleConflict } from "./scheduleConflict.ts"

type OrderRefusal = Refusal<OrderRejection>
type Refused<E> = (refusal: OrderRefusal) => Effect.Effect<never, E>

export const orderNotFound = reject(NotFound, "order_not_found", "Check the id and the tenant.")

/** Of a change. */
export const refusedOrder =
  (
    queries: OpsQueries["Service"],
    tenantId: TenantId
  ): Refused<NotFound | Conflict | PreconditionFailed | Unprocessable | Unavailable> =>
  (refusal) => {
    switch (refusal._tag) {
      case "OrderNotFound":
        return orderNotFound
      case "OrderNotInState": {
        const { allowed, status } = refusal
        const detail = `The order is ${status}; this needs ${allowed.join(" or ")}.`
        return reject(Conflict, "order_not_in_state", detail, { conflict: { status, allowed } })
      }
      case "OrderIdTaken":
      case "OrderWindowMissing":
      case "TooManyItems":
      case "OrderWindowTaken":
      case "OrderBinUnfit":
      case "OrderCustomerUnfit":
        return unfit(queries, tenantId, refusal)
      default:
        return refusedAnyway(refusal)
    }
  }

/** A new order can be refused for fewer reasons; any other is a fault of ours. */
export const refusedNewOrder =
  (queries: OpsQueries["Service"], tenantId: TenantId): Refused<Conflict | Unprocessable | Unavailable> =>
  (refusal) => {
    switch (refusal._tag) {
      case "OrderNotFound":
      case "OrderNotInState":
        return Effect.die(refusal)
      case "OrderIdTaken":
      case "OrderWindowMissing":
      case "TooManyItems":
      case "OrderWindowTaken":
      case "OrderBinUnfit":
      case "OrderCustomerUnfit":
        return unfit(queries, tenantId, refusal)
      default:
        return refusedAnewAnyway(refusal)
    }
  }

type Unfit = Exclude<OrderRejection, { readonly _tag: "OrderNotFound" | "OrderNotInState" }>

const unfit = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  rejection: Unfit
): Effect.Effect<never, Conflict | Unprocessable> => {
  switch (rejection._tag) {
    case "OrderIdTaken":
      return keyReused
    case "OrderWindowMissing":
      return reject(Unprocessable, "window_missing", "Say in `window` from when to when.", {
        errors: [{ path: "body.window", message: "is missing, and the draft has none" }]
      })
    case "TooManyItems":
      return tooMany(rejection)
    case "OrderBinUnfit":
      return reject(Conflict, "bin_unfit", binAdvice[rejection.reason], { conflict: { reason: rejection.reason } })
    case "OrderCustomerUnfit":
      return reject(Conflict, "customer_unfit", "Name a customer that is registered and not erased.", {
        conflict: { reason: rejection.reason }
      })
    case "OrderWindowTaken":
      return Effect.flatMap(scheduleConflict(queries, tenantId, rejection), (conflict) =>
        reject(Conflict, "schedule_conflict", "Choose another bin, or one of the windows in `conflict.freeWindows`.", {
          conflict
        })
      )
  }
}

const tooMany = ({ count, limit }: TooManyItems) =>
  reject(Unprocessable, "too_many_items", `With these the order would hold ${count} items: make a second order.`, {
    errors: [{ path: "body.items", message: `an order holds ${limit} items at the most` }]
  })

const binAdvice: Readonly<Record<OrderBinUnfit["reason"], string>> = {
  not_found: "Check the bin's id and the tenant.",
  retired: "Choose another bin: this one is retired for good.",
  in_maintenance: "Choose another bin, or take this one back into service first.",
  of_another_customer: "Choose another bin: this one is kept for another customer."
}
