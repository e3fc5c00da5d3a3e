/** Worked examples for the OpenAPI document: a bin, from its creation to the end of its service. */
import type { BinId, CorrelationId } from "../Ids.ts"
import type { CreateBin, UpdateBin, UpdateBinCapacity } from "./BinRequest.ts"
import type { Bin, BinState } from "./BinView.ts"

const id = "2b8e6c41-93d7-8f05-b6a2-4c1d7e9f3085" as BinId

const creation: CreateBin = {
  serialNumber: "SK-0042",
  category: "skip",
  sizeLitres: 7_000,
  location: { lat: 50.0755, lon: 14.4378 }
}
const change: UpdateBin = { status: "Maintenance", location: null }
const capacity: UpdateBinCapacity = { capacityLitres: 6_000 }

const state: BinState = {
  id,
  serialNumber: "SK-0042",
  category: "skip",
  sizeLitres: 7_000,
  capacityLitres: 7_000,
  status: "Active",
  location: { lat: 50.0755, lon: 14.4378 },
  customerId: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/bins/${id}` }
}
const bin: Bin = { ...state, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const later = { ...state, version: 2, updatedAt: "2026-02-01T10:00:00.000Z" }

/** By operation id, then `request` or the status of the answer. */
export const binExamples: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "bins.create": { request: creation, 201: state },
  "bins.list": { 200: { items: [{ ...bin, distanceMetres: 12.3 }], nextCursor: null } },
  "bins.get": { 200: bin },
  "bins.update": { request: change, 200: { ...later, status: "Maintenance", location: null } },
  "bins.capacity": { request: capacity, 200: { ...later, capacityLitres: 6_000 } },
  "bins.retire": { 200: { ...later, status: "Retired" } }
}
