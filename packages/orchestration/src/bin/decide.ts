/** What happens when something is asked of a bin. */
import type { BinChanges, BinCommand } from "@dueline/contracts/bin/Command"
import type { BinEvent } from "@dueline/contracts/bin/Event"
import {
  BinIdTaken,
  BinIsRetired,
  BinNotFound,
  type BinRejection,
  CapacityAboveSize
} from "@dueline/contracts/bin/Rejection"
import type { BinFacts } from "@dueline/contracts/bin/Spec"
import { Result } from "effect"
import type { BinState } from "./State.ts"

type Decision = Result.Result<ReadonlyArray<BinEvent>, BinRejection>
type Of<Tag extends BinCommand["_tag"]> = Extract<BinCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const one = (event: BinEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
export const decide = (command: BinCommand, state: BinState): Decision => {
  const { binId } = command
  if (command._tag === "CreateBin") return create(command, state)
  if (state._tag === "Unknown") return Result.fail(new BinNotFound({ binId }))
  const { bin } = state
  if (command._tag === "RetireBin") return bin.status === "Retired" ? nothing : one({ _tag: "BinRetired" })
  if (bin.status === "Retired") return Result.fail(new BinIsRetired({ binId }))
  return command._tag === "UpdateBin" ? update(command, bin) : updateCapacity(command, bin)
}

const create = (
  { at, bin, binId, capacityLitres, fingerprint, origin }: Of<"CreateBin">,
  state: BinState
): Decision => {
  if (state._tag === "Known") {
    return state.fingerprint === fingerprint ? nothing : Result.fail(new BinIdTaken({ binId }))
  }
  const { sizeLitres } = bin
  const capacity = capacityLitres ?? sizeLitres
  if (capacity > sizeLitres) return Result.fail(new CapacityAboveSize({ binId, capacityLitres: capacity, sizeLitres }))
  return one({ _tag: "BinCreated", bin, capacityLitres: capacity, createdAt: at, fingerprint, origin })
}

const changeable = ["serialNumber", "category", "sizeLitres", "location", "customerId", "status"] as const

/** Only `location` is more than one value, and it is either absent or whole. */
const same = (a: BinFacts["location"] | string | number, b: BinFacts["location"] | string | number): boolean =>
  typeof a === "object" && typeof b === "object" && a !== null && b !== null
    ? a.lat === b.lat && a.lon === b.lon
    : a === b

const update = ({ binId, changes }: Of<"UpdateBin">, bin: BinFacts): Decision => {
  const after: Required<BinChanges> = {
    serialNumber: changes.serialNumber ?? bin.serialNumber,
    category: changes.category ?? bin.category,
    sizeLitres: changes.sizeLitres ?? bin.sizeLitres,
    location: changes.location === undefined ? bin.location : changes.location,
    customerId: changes.customerId === undefined ? bin.customerId : changes.customerId,
    status: changes.status ?? (bin.status === "Maintenance" ? "Maintenance" : "Active")
  }
  const changed = changeable.filter((name) => !same(after[name], bin[name]))
  if (changed.length === 0) return nothing
  const { capacityLitres } = bin
  const { sizeLitres, status, ...rest } = after
  // Its capacity is part of what the bin is: a smaller bin needs a smaller capacity first.
  if (capacityLitres > sizeLitres) return Result.fail(new CapacityAboveSize({ binId, capacityLitres, sizeLitres }))
  return one({ _tag: "BinUpdated", bin: { ...rest, sizeLitres }, status, changed })
}

const updateCapacity = ({ binId, capacityLitres }: Of<"UpdateBinCapacity">, bin: BinFacts): Decision => {
  const { capacityLitres: previousLitres, sizeLitres } = bin
  if (capacityLitres > sizeLitres) return Result.fail(new CapacityAboveSize({ binId, capacityLitres, sizeLitres }))
  return capacityLitres === previousLitres
    ? nothing
    : one({ _tag: "BinCapacityUpdated", capacityLitres, previousLitres })
}
