/** Bins as they are answered. */
import type { Bin, BinListed, BinState } from "@dueline/contracts/api/BinView"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { BinOutcome } from "@dueline/contracts/bin/Outcome"
import type { BinRow } from "@dueline/contracts/bin/Row"
import type { BinFacts } from "@dueline/contracts/bin/Spec"
import type { BinId, CorrelationId } from "@dueline/contracts/Ids"
import type { Near } from "@dueline/contracts/ports/OpsQueries"
import type { Answer } from "@dueline/contracts/ports/Orchestrator"

export const binsPath = "/ops/bins"
export const binPath = (binId: BinId): string => `${binsPath}/${binId}`

const shown = (binId: BinId, bin: BinFacts, version: number): BinState => ({
  id: binId,
  serialNumber: bin.serialNumber,
  category: bin.category,
  sizeLitres: bin.sizeLitres,
  capacityLitres: bin.capacityLitres,
  status: bin.status,
  location: bin.location,
  customerId: bin.customerId,
  createdAt: formatInstant(bin.createdAt),
  updatedAt: formatInstant(bin.updatedAt),
  version,
  links: { self: binPath(binId) }
})

/** From the answer alone, never from the row: a repeat gets the same bytes. */
export const binState = ({ outcome, version }: Answer<BinOutcome>): BinState =>
  shown(outcome.binId, outcome.bin, version)

export const binOf = (row: BinRow): Bin => ({
  ...shown(row.binId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

export const nearOf = ({ bin, distanceMetres }: Near): BinListed => ({
  ...binOf(bin),
  distanceMetres: Math.round(distanceMetres * 10) / 10
})
