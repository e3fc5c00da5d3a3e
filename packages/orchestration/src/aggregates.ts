/** Every kind of aggregate there is, by category. */
import { Bin } from "./bin/Bin.ts"
import { Customer } from "./customer/Customer.ts"
import { Order } from "./order/Order.ts"
import { ServiceCall } from "./service-call/ServiceCall.ts"

export const aggregates = {
  "service-call": ServiceCall,
  customer: Customer,
  bin: Bin,
  order: Order
} as const
