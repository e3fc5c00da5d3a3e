/** A payload, read: the order that it asks for in the form of commands, or what is wrong with it. The same at the door and in the background. */
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import type { Unprocessable } from "@dueline/contracts/api/ProblemError"
import type { OrderId, TenantId } from "@dueline/contracts/Ids"
import type { OrderAsked } from "@dueline/contracts/ingestion/Dropbin"
import { DropbinOrder } from "@dueline/contracts/ingestion/DropbinEndpoints"
import type { RequestIntake } from "@dueline/contracts/ports/Admission"
import { Effect, Result } from "effect"
import { now } from "../resources/asking.ts"
import { notificationsOf, windowAskedOf } from "../ops/orderTerms.ts"
import { bodyDecoder } from "../requests/requestBody.ts"

/** `place`: where the payload stands, for what is wrong with it. */
export const orderAskedOf = (
  intake: RequestIntake["Service"],
  tenantId: TenantId,
  orderId: OrderId,
  { binId, customerId, items = [], kind, notifications = [], window }: DropbinOrder,
  place: string
): Effect.Effect<OrderAsked, Unprocessable> =>
  Effect.gen(function* () {
    return {
      customerId,
      binId,
      kind,
      window: yield* windowAskedOf(window, yield* now, place),
      notifications: yield* notificationsOf(intake, tenantId, orderId, notifications, place),
      items
    }
  })

const decode = bodyDecoder(DropbinOrder)

const inPayload = ({ message, path }: FieldProblem) => ({ path: path.replace(/^body/u, "payload"), message })

/** Of what was fetched. */
export const readPayload =
  (intake: RequestIntake["Service"]) =>
  (
    tenantId: TenantId,
    orderId: OrderId,
    bytes: Uint8Array
  ): Effect.Effect<OrderAsked, ReadonlyArray<Pick<FieldProblem, "path" | "message">>> => {
    const decoded = decode(bytes)
    if (Result.isFailure(decoded)) {
      const { detail, details } = decoded.failure
      return Effect.fail(details?.errors?.map(inPayload) ?? [{ path: "payload", message: detail }])
    }
    return Effect.mapError(
      orderAskedOf(intake, tenantId, orderId, decoded.success, "payload"),
      ({ detail, errors }) => errors ?? [{ path: "payload", message: detail }]
    )
  }
