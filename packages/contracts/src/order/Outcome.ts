/** What an accepted command about an order is answered with: the order as the command left it. */
import { Schema } from "effect"
import { OrderId } from "../Ids.ts"
import { OrderFacts } from "./Spec.ts"

export const OrderOutcome = Schema.TaggedUnion({ OrderAccepted: { orderId: OrderId, order: OrderFacts } })
export type OrderOutcome = typeof OrderOutcome.Type
