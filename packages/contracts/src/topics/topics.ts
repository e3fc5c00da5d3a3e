/** Every topic that messages leave the system on: what is said there, in which form, and what it looks like. */
import type { Schema } from "effect"
import { BinChanged, type BinTopic } from "../bin/Topic.ts"
import { CustomerChanged, type CustomerTopic } from "../customer/Topic.ts"
import { OrderChanged, type OrderTopic } from "../order/Topic.ts"
import { ServiceCallEnded, type ServiceCallTopic } from "../Topic.ts"
import { examples } from "./examples.ts"

export type Topic = CustomerTopic | BinTopic | OrderTopic | ServiceCallTopic

export interface PublicTopic {
  /** Of the message's form. Fields may be added within a version; anything else makes a new version. */
  readonly version: number
  /** When such a message comes: one sentence. */
  readonly when: string
  readonly schema: Schema.Codec<unknown, unknown>
  readonly example: unknown
}

const on = <A, I>(schema: Schema.Codec<A, I>, when: string, example: A): PublicTopic => ({
  version: 1,
  when,
  schema: schema as Schema.Codec<unknown, unknown>,
  example
})

/** One entry for each name; a topic without one does not compile. */
export const topics: Readonly<Record<Topic, PublicTopic>> = {
  "ops.customer.created": on(CustomerChanged, "A customer was registered.", examples.customerCreated),
  "ops.customer.updated": on(CustomerChanged, "Parts of a customer's profile changed.", examples.customerUpdated),
  "ops.customer.erased": on(
    CustomerChanged,
    "A customer was erased: the profile cannot be read any more, by anybody.",
    examples.customerErased
  ),
  "ops.bin.created": on(BinChanged, "A bin was added.", examples.binCreated),
  "ops.bin.updated": on(BinChanged, "A bin's description, place or status changed.", examples.binUpdated),
  "ops.bin.capacity.updated": on(BinChanged, "How much may be put into a bin changed.", examples.binCapacityUpdated),
  "ops.bin.retired": on(BinChanged, "A bin was retired, for good.", examples.binRetired),
  "ops.service.order.drafted": on(
    OrderChanged,
    "An order was made; it holds no bin yet. One that is scheduled at once is drafted first.",
    examples.orderDrafted
  ),
  "ops.service.order.changed": on(OrderChanged, "Items were added to an order.", examples.orderChanged),
  "ops.service.order.scheduled": on(
    OrderChanged,
    "An order got its window: from now on it holds its bin for it.",
    examples.orderScheduled
  ),
  "ops.service.order.moved": on(
    OrderChanged,
    "An order got another window; if it was confirmed, it has to be confirmed again.",
    examples.orderMoved
  ),
  "ops.service.order.confirmed": on(OrderChanged, "A scheduled order was confirmed.", examples.orderConfirmed),
  "ops.service.order.cancelled": on(
    OrderChanged,
    "An order was cancelled and holds nothing any more.",
    examples.orderCancelled
  ),
  "ops.service.order.completed": on(OrderChanged, "An order was carried out.", examples.orderCompleted),
  "ops.pickup.completed": on(
    OrderChanged,
    "A pickup or a swap was carried out: the bin has left the customer.",
    examples.pickupCompleted
  ),
  "ops.service-call.succeeded": on(ServiceCallEnded, "A service call got a good answer.", examples.callSucceeded),
  "ops.service-call.failed": on(
    ServiceCallEnded,
    "A service call is given up: `failureReason` says why.",
    examples.callFailed
  ),
  "ops.service-call.cancelled": on(ServiceCallEnded, "A service call was cancelled.", examples.callCancelled)
}

export const topicNames = Object.keys(topics) as ReadonlyArray<Topic>
