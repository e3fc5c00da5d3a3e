/** Customers as they are answered. */
import type { Customer, CustomerState, CustomerSummary } from "@dueline/contracts/api/CustomerView"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CustomerOutcome } from "@dueline/contracts/customer/Outcome"
import type { CustomerRow } from "@dueline/contracts/customer/Row"
import type { CustomerProfile } from "@dueline/contracts/customer/Spec"
import type { CorrelationId, CustomerId } from "@dueline/contracts/Ids"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"

export const customersPath = "/ops/customers"
export const customerPath = (customerId: CustomerId): string => `${customersPath}/${customerId}`

type Shown = Pick<CustomerRow, "customerId" | "status" | "createdAt" | "updatedAt" | "version">

const shown = ({ createdAt, customerId, status, updatedAt, version }: Shown): CustomerState => ({
  id: customerId,
  status,
  createdAt: formatInstant(createdAt),
  updatedAt: formatInstant(updatedAt),
  version,
  links: { self: customerPath(customerId) }
})

/** From the answer alone, never from the row: a repeat gets the same bytes. */
export const customerState = ({ outcome, version }: Answer<CustomerOutcome>): CustomerState =>
  shown({ ...outcome, version })

export const summaryOf = (row: CustomerRow): CustomerSummary => ({
  ...shown(row),
  erasedAt: row.erasedAt === null ? null : formatInstant(row.erasedAt),
  correlationId: row.correlationId as CorrelationId
})

export const customerOf = (row: CustomerRow, profile: CustomerProfile | null): Customer => ({
  ...summaryOf(row),
  profile
})
