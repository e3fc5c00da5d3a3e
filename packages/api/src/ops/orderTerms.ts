/**
 * What the caller wants of an order, in the form that commands have, and looked at before anybody is asked. What to say to somebody whose window is
 * taken: which orders are in the way, and when the bin is free.
 */
import type { EpochMillis, OrderId, TenantId } from "@dueline/contracts/Ids"
import type { ConflictDetails, FieldProblem } from "@dueline/contracts/api/Problem"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import { formatInstant, parseDelay, parseInstant } from "@dueline/contracts/api/Wire"
import type { OrderNotification, OrderWindowTaken, TimeWindow } from "@dueline/contracts/order/Order"
import type { NotificationAsked, Window, WindowAsked } from "@dueline/contracts/order/OrderBodies"
import * as InTheWay from "@dueline/contracts/order/scheduleConflict"
import type { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { OpsQueries } from "@dueline/contracts/ports/Queries"
import { parseTarget } from "@dueline/contracts/serviceCall/target"
import { notificationCallId } from "@dueline/identity/derivedId"
import { Effect, Result } from "effect"
import { maxAheadMs } from "../requests/dueTime.ts"
import { reject } from "../requests/refusal.ts"

/** Further away it is more likely a mistake than a plan. `place`: where in the request the order stands. */
export const windowAskedOf = (
  asked: WindowAsked,
  now: number,
  place = "body"
): Effect.Effect<TimeWindow, Unprocessable> => {
  const window = {
    from: parseInstant(asked.from, "up") as EpochMillis,
    to: parseInstant(asked.to, "up") as EpochMillis
  }
  return window.to <= now + maxAheadMs
    ? Effect.succeed(window)
    : reject("invalid_request", "The window may be ten years from now at the most.", {
        errors: [{ path: `${place}.window.to`, message: "is more than ten years ahead" }]
      })
}

/** Every call is looked at as it will be made: what would be refused then is refused now. */
export const notificationsOf = (
  { admit }: RequestIntake["Service"],
  tenantId: TenantId,
  orderId: OrderId,
  asked: ReadonlyArray<NotificationAsked>,
  place = "body"
): Effect.Effect<ReadonlyArray<OrderNotification>, Unprocessable> => {
  const seen = asked.map(({ url: written }, index) => {
    const path = (field: string) => `${place}.notifications.${index}.${field}`
    const callId = notificationCallId(tenantId, orderId, index)
    const target = parseTarget(written)
    const url = Result.isSuccess(target) ? target.success.href : written
    const admitted = admit(tenantId, callId, { method: "POST", url, headers: {}, body: null })
    if (Result.isFailure(admitted)) {
      const problems = admitted.failure.map(
        ({ code, field, message }): FieldProblem => ({ path: path(field), code, message })
      )
      return { url, problems }
    }
    if (url.length > maxUrlLength)
      return { url, problems: [{ path: path("url"), code: "url_invalid", message: tooLong }] }
    const plain = admitted.success.spec.request.url === url && !written.includes("#")
    return { url, problems: plain ? [] : [{ path: path("url"), code: "secret_in_url", message: signed }] }
  })
  const errors = seen.flatMap(({ problems }) => problems)
  return errors.length > 0
    ? reject("request_refused", "Correct what `errors` lists: such a request is never sent.", { errors })
    : Effect.succeed(
        asked.map(({ flow, lead, url }, index) => ({
          url: seen[index]?.url ?? url,
          leadMs: parseDelay(lead, "down"),
          ...(flow === undefined ? {} : { flow })
        }))
      )
}

const maxUrlLength = 2_000
const tooLong = `Send an address of ${maxUrlLength} characters at the most, percent-encoded as it will be called.`

const signed =
  "Take the secret, and any #fragment, out of the address: the calls are signed, so the receiver can tell by the signature."

/** Without an answer from the store there are no details. */
export const scheduleConflict = (
  queries: OpsQueries["Service"],
  tenantId: TenantId,
  taken: OrderWindowTaken
): Effect.Effect<ConflictDetails> =>
  InTheWay.scheduleConflict(queries, tenantId, taken).pipe(
    Effect.map((found): ConflictDetails => conflictOf(found)),
    Effect.catchTag("StoreUnavailable", ({ operation }) =>
      Effect.as(Effect.logWarning("no details of a schedule conflict", { operation }), {})
    )
  )

export const conflictOf = ({ freeWindows, orders }: InTheWay.ScheduleConflict) => ({
  orders: orders.map(({ orderId, status, window }) => ({ id: orderId, status, window: windowOf(window) })),
  freeWindows: freeWindows.map(windowOf)
})

export const windowOf = ({ from, to }: TimeWindow): Window => ({ from: formatInstant(from), to: formatInstant(to) })
