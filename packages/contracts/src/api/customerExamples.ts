/** Worked examples for the OpenAPI document: a customer, from the registration to the erasure. */
import type { CorrelationId, CustomerId } from "../Ids.ts"
import type { RegisterCustomer, UpdateCustomer } from "./CustomerRequest.ts"
import type { Customer, CustomerState } from "./CustomerView.ts"

const id = "6d1f0a52-7c3e-8b1d-a94f-0e5c2b7d9a13" as CustomerId

const registration: RegisterCustomer = {
  profile: { name: "Jo Novak", email: "jo@example.com", phone: "+420 601 123 456", address: "Long Street 1, Prague" }
}
const change: UpdateCustomer = { profile: { address: "Short Street 2, Prague", phone: null } }

const state: CustomerState = {
  id,
  status: "Active",
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/customers/${id}` }
}
const summary = { ...state, erasedAt: null, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const customer: Customer = { ...summary, profile: registration.profile }

/** By operation id, then `request` or the status of the answer. */
export const customerExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "customers.register": { request: registration, 201: state },
  "customers.list": { 200: { items: [summary], nextCursor: null } },
  "customers.get": { 200: customer },
  "customers.update": { request: change, 200: { ...state, version: 2, updatedAt: "2026-02-01T10:00:00.000Z" } },
  "customers.erase": { 200: { ...state, status: "Erased", version: 3, updatedAt: "2026-03-01T10:00:00.000Z" } }
}
