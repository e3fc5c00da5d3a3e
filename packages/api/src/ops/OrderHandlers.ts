/** Service orders over HTTP: how bodies become commands, how orders are shown, and why commands are refused. */
import { Api } from "@dueline/contracts/api/Api"
import type { Order, OrderState } from "@dueline/contracts/order/OrderBodies"
import { formatDuration, formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId, OrderId, TenantId } from "@dueline/contracts/Ids"
import type { OrderBinUnfit, OrderFacts, OrderRejection, OrderRow } from "@dueline/contracts/order/Order"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { notificationCallId } from "@dueline/identity/derivedId"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { leanGroup } from "../server/leanGroup.ts"
import { notificationsOf, scheduleConflict, windowAskedOf, windowOf } from "./orderTerms.ts"
import type { Raw } from "../resources/asking.ts"
import { keyReused, notFound, type Refusals } from "../requests/refusal.ts"
import { equals, makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"

const shown = (tenantId: TenantId, id: OrderId, order: OrderFacts, version: number): OrderState => ({
  id,
  status: order.status,
  kind: order.kind,
  customerId: order.customerId,
  binId: order.binId,
  window: order.window === null ? null : windowOf(order.window),
  items: order.items.map(({ material, quantity, unit }) => ({ material, quantity, unit })),
  notifications: order.notifications.map(({ flow, leadMs, url }, index) => ({
    url,
    lead: formatDuration(leadMs),
    ...(flow === undefined ? {} : { flow }),
    callId: notificationCallId(tenantId, id, index)
  })),
  createdAt: formatInstant(order.createdAt),
  updatedAt: formatInstant(order.updatedAt),
  endedAt: order.endedAt === null ? null : formatInstant(order.endedAt),
  version,
  links: { self: `/ops/orders/${id}` }
})

const orderOf = (row: OrderRow): Order => ({
  ...shown(row.tenantId, row.orderId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const refusalsWith = (queries: OpsQueries["Service"]) =>
  ({
    OrderNotFound: notFound("order_not_found"),
    OrderNotInState: {
      code: "order_not_in_state",
      advice: ({ allowed, status }) => `The order is ${status}; this needs ${allowed.join(" or ")}.`,
      details: ({ allowed, status }) => ({ conflict: { status, allowed } }),
      existing: true
    },
    OrderIdTaken: keyReused,
    OrderWindowMissing: {
      code: "window_missing",
      advice: "Say in `window` from when to when.",
      details: () => ({ errors: [{ path: "body.window", message: "is missing, and the draft has none" }] })
    },
    TooManyItems: {
      code: "too_many_items",
      advice: ({ count }) => `With these the order would hold ${count} items: make a second order.`,
      details: ({ limit }) => ({
        errors: [{ path: "body.items", message: `an order holds ${limit} items at the most` }]
      })
    },
    OrderBinUnfit: {
      code: "bin_unfit",
      advice: ({ reason }) => binAdvice[reason],
      details: ({ reason }) => ({ conflict: { reason } })
    },
    OrderCustomerUnfit: {
      code: "customer_unfit",
      advice: "Name a customer that is registered and not erased.",
      details: ({ reason }) => ({ conflict: { reason } })
    },
    OrderWindowTaken: {
      code: "schedule_conflict",
      advice: "Choose another bin, or one of the windows in `conflict.freeWindows`.",
      details: (taken, tenantId) => Effect.map(scheduleConflict(queries, tenantId, taken), (conflict) => ({ conflict }))
    }
  }) as const satisfies Refusals<OrderRejection>

const binAdvice: Readonly<Record<OrderBinUnfit["reason"], string>> = {
  not_found: "Check the bin's id and the tenant.",
  retired: "Choose another bin: this one is retired for good.",
  in_maintenance: "Choose another bin, or take this one back into service first.",
  of_another_customer: "Choose another bin: this one is kept for another customer."
}

type ListQuery = Raw<"orders", "list">["query"]

/** `from` and `to`: whose window has a part in this time. Orders without one never do. */
const conditions = ({ binId, customerId, from, status, to }: ListQuery): ReadonlyArray<Specification> => [
  ...equals({ status, binId, customerId }),
  ...(from === undefined ? [] : [{ _tag: "Above", field: "windowTo", value: parseInstant(from, "down") } as const]),
  ...(to === undefined ? [] : [{ _tag: "Below", field: "windowFrom", value: parseInstant(to, "up") } as const])
]

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const intake = yield* RequestIntake
    const queries = yield* OpsQueries
    const reads = yield* makeReads("order")
    const { change, create } = yield* makeWrites("order", {
      refusals: refusalsWith(queries),
      present: reads.present,
      state: (tenantId, { outcome, version }) => shown(tenantId, outcome.orderId, outcome.order, version)
    })
    const operations = {
      create: create("create", {
        as: "create-order",
        command: ({ at, body, fingerprint, id, origin, tenantId }) =>
          Effect.gen(function* () {
            const { binId, customerId, items = [], kind, schedule = false } = body
            const window = body.window === undefined ? null : yield* windowAskedOf(body.window, at)
            const notifications = yield* notificationsOf(intake, tenantId, id, body.notifications ?? [])
            const terms = { customerId, binId, kind, notifications, origin }
            return { _tag: "CreateOrder", orderId: id, at, terms, window, items, schedule, fingerprint }
          })
      }),
      addItems: change("addItems", {
        as: "items",
        command: ({ at, body, id }) => ({ _tag: "AddOrderItems", orderId: id, at, ...body })
      }),
      schedule: change("schedule", {
        as: "schedule",
        bodyOptional: true,
        command: ({ at, body, id }) =>
          Effect.map(body.window === undefined ? Effect.succeed(null) : windowAskedOf(body.window, at), (window) => ({
            _tag: "ScheduleOrder",
            orderId: id,
            at,
            window
          }))
      }),
      move: change("move", {
        as: "move",
        command: ({ at, body, id }) =>
          Effect.map(windowAskedOf(body.window, at), (window) => ({ _tag: "MoveOrder", orderId: id, at, window }))
      }),
      confirm: change("confirm", {
        as: "confirm",
        command: ({ at, id }) => ({ _tag: "ConfirmOrder", orderId: id, at })
      }),
      cancel: change("cancel", { as: "cancel", command: ({ at, id }) => ({ _tag: "CancelOrder", orderId: id, at }) }),
      complete: change("complete", {
        as: "complete",
        command: ({ at, id }) => ({ _tag: "CompleteOrder", orderId: id, at })
      })
    }
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "orders", (handlers) =>
        handlers
          .handleRaw("create", operations.create)
          .handle("list", reads.list(conditions, orderOf))
          .handle("get", reads.get(orderOf))
          .handleRaw("addItems", operations.addItems)
          .handleRaw("schedule", operations.schedule)
          .handleRaw("move", operations.move)
          .handle("confirm", operations.confirm)
          .handle("cancel", operations.cancel)
          .handle("complete", operations.complete)
      )
    )
  })
)
