/** Draws what is asked of orders: all for the same few hours, so that they meet. */
import { type BinId, type CustomerId, EpochMillis, type OrderId } from "@dueline/contracts/Ids"
import type { OrderCommand, OrderItem, OrderTerms, TimeWindow } from "@dueline/contracts/order/Order"
import type { Dice } from "./Dice.ts"

const hour = 3_600_000
/** Of some day to come. */
const morning = 1_800_100_800_000

const drawWindow = (dice: Dice): TimeWindow => {
  const from = morning + dice.between(0, 7) * hour
  return { from: EpochMillis.make(from), to: EpochMillis.make(from + dice.between(1, 3) * hour) }
}

const drawItems = (dice: Dice, least: number): ReadonlyArray<OrderItem> =>
  Array.from({ length: dice.pick([least, 1, 2, 60]) }, () => ({ material: "glass", quantity: 1, unit: "piece" }))

export const drawOrder = (
  dice: Dice,
  now: number,
  about: {
    readonly orderId: OrderId
    readonly customerId: CustomerId
    readonly binId: BinId
    readonly origin: OrderTerms["origin"]
    readonly fingerprint: string | null
  }
): OrderCommand => {
  const { binId, customerId, fingerprint, orderId, origin } = about
  return {
    _tag: "CreateOrder",
    orderId,
    at: EpochMillis.make(now),
    terms: { customerId, binId, kind: dice.pick(["delivery", "pickup", "swap"]), notifications: [], origin },
    window: dice.chance(0.9) ? drawWindow(dice) : null,
    items: drawItems(dice, 0),
    schedule: dice.chance(0.75),
    fingerprint
  }
}

export const drawOrderChange = (dice: Dice, now: number, orderId: OrderId): OrderCommand => {
  const about = { orderId, at: EpochMillis.make(now) }
  const roll = dice.next()
  if (roll < 0.2) return { ...about, _tag: "CancelOrder" }
  if (roll < 0.3) return { ...about, _tag: "CompleteOrder" }
  if (roll < 0.5) return { ...about, _tag: "ConfirmOrder" }
  if (roll < 0.65) return { ...about, _tag: "AddOrderItems", items: drawItems(dice, 1) }
  if (roll < 0.85) return { ...about, _tag: "MoveOrder", window: drawWindow(dice) }
  return { ...about, _tag: "ScheduleOrder", window: dice.chance(0.5) ? drawWindow(dice) : null }
}
