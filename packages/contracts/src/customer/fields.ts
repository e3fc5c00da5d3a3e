/** What lists of customers can be filtered by: nothing of their profile, which is sealed. */
import type { Fields } from "../specification/Specification.ts"
import type { CustomerRow } from "./Row.ts"
import { CustomerStatus } from "./Spec.ts"

export const customerFields = {
  status: { type: "text", read: ({ status }) => status, oneOf: CustomerStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  erasedAt: { type: "instant", read: ({ erasedAt }) => erasedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<CustomerRow>
