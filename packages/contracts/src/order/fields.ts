/** What lists of service orders can be filtered by. */
import type { Fields } from "../specification/Specification.ts"
import type { OrderRow } from "./Row.ts"
import { OrderKind, OrderStatus } from "./Spec.ts"

export const orderFields = {
  customerId: { type: "text", uuid: true, read: ({ customerId }) => customerId },
  binId: { type: "text", uuid: true, read: ({ binId }) => binId },
  kind: { type: "text", read: ({ kind }) => kind, oneOf: OrderKind.literals },
  status: { type: "text", read: ({ status }) => status, oneOf: OrderStatus.literals },
  windowFrom: { type: "instant", read: ({ window }) => window?.from ?? null },
  windowTo: { type: "instant", read: ({ window }) => window?.to ?? null },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  endedAt: { type: "instant", read: ({ endedAt }) => endedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<OrderRow>
