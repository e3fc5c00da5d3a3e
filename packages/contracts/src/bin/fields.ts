/** What lists of bins can be filtered by. */
import type { Fields } from "../specification/Specification.ts"
import type { BinRow } from "./Row.ts"
import { BinCategory, BinStatus } from "./Spec.ts"

export const binFields = {
  serialNumber: { type: "text", read: ({ serialNumber }) => serialNumber },
  category: { type: "text", read: ({ category }) => category, oneOf: BinCategory.literals },
  sizeLitres: { type: "number", read: ({ sizeLitres }) => sizeLitres },
  capacityLitres: { type: "number", read: ({ capacityLitres }) => capacityLitres },
  status: { type: "text", read: ({ status }) => status, oneOf: BinStatus.literals },
  lat: { type: "number", read: ({ location }) => location?.lat ?? null },
  lon: { type: "number", read: ({ location }) => location?.lon ?? null },
  customerId: { type: "text", uuid: true, read: ({ customerId }) => customerId },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<BinRow>
