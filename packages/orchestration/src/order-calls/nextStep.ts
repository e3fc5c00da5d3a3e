/** What an order wants of the call of one of its notifications, and the next thing to be done about it. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { OrderFacts, OrderNotification } from "@dueline/contracts/order/Spec"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"

type Wish =
  /** Nobody knows yet whether and when. */
  | { readonly _tag: "Open" }
  | { readonly _tag: "CallAt"; readonly dueAt: EpochMillis }
  /** Never, or never again; for good. */
  | { readonly _tag: "NoCall" }

export type Step =
  | { readonly _tag: "Submit"; readonly dueAt: EpochMillis }
  /** Makes a call only to cancel it: its id is used up, so that nobody who comes late can submit it. */
  | { readonly _tag: "Reserve"; readonly dueAt: EpochMillis }
  | { readonly _tag: "Reschedule"; readonly dueAt: EpochMillis }
  | { readonly _tag: "Cancel" }

/** What of a call's row matters here. */
export type SeenCall = Pick<ServiceCallRow, "status" | "dueAt" | "attempt" | "epoch" | "cancelRequested">

/** Far enough away that a reserved call is cancelled long before it is due. */
const reservedMs = 366 * 86_400_000

/** An order that never had a window was never scheduled: nobody can have wanted a call for it. */
export const wishOf = ({ status, window }: OrderFacts, { leadMs }: OrderNotification): Wish => {
  if (window === null || status === "Draft") return { _tag: "Open" }
  return status === "Scheduled" || status === "Confirmed"
    ? { _tag: "CallAt", dueAt: (window.from - leadMs) as EpochMillis }
    : { _tag: "NoCall" }
}

/**
 * Null when the call is as it is wished for, or beyond reach: what was sent stays sent, also when the order moves afterwards, and what
 * somebody cancelled by hand stays cancelled. `now` in epoch milliseconds.
 */
export const nextStep = (wish: Wish, call: SeenCall | null, now: number): Step | null => {
  switch (wish._tag) {
    case "Open":
      return null
    case "CallAt":
      if (call === null) return { _tag: "Submit", dueAt: wish.dueAt }
      return call.dueAt !== wish.dueAt && isMovable(call, wish.dueAt, now)
        ? { _tag: "Reschedule", dueAt: wish.dueAt }
        : null
    case "NoCall":
      if (call === null) return { _tag: "Reserve", dueAt: (now + reservedMs) as EpochMillis }
      return call.status === "Scheduled" || (call.status === "Running" && !call.cancelRequested)
        ? { _tag: "Cancel" }
        : null
  }
}

/** Nothing was sent yet. One that a worker gave back waits for its next chance: only a later due time is news to it. */
const isMovable = ({ attempt, epoch, status }: SeenCall, dueAt: number, now: number): boolean =>
  status === "Scheduled" && attempt === 0 && (epoch === 0 || dueAt > now)
