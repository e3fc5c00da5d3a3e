/** The role that lets orders drive calls: what their notifications are becomes service calls, by commands. */
import { notificationCallId } from "@dueline/identity/derivedId"
import * as OrderCalls from "@dueline/orchestration/OrderNotifications"

export const layer = OrderCalls.layer(notificationCallId)
