/**
 * The bin aggregate: its state, what happens when something is asked of it, what it requires of customers and orders, and what it
 * announces.
 */
import {
  type BinChanged,
  type BinChanges,
  type BinCommand,
  BinCustomerUnfit,
  BinEvent,
  BinFacts,
  BinIdTaken,
  BinInUse,
  BinIsRetired,
  BinNotFound,
  type BinOutcome,
  type BinRejection,
  type BinTopic,
  CapacityAboveSize,
  SerialNumberTaken
} from "@dueline/contracts/bin/Bin"
import { customerActive } from "@dueline/contracts/customer/Customer"
import { type BinId, CorrelationId, type CustomerId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import { binFree } from "@dueline/contracts/order/Order"
import type { Requirement, StoreRule } from "@dueline/contracts/StoreRule"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const BinState = Schema.TaggedUnion({
  Unknown: {},
  Known: { bin: BinFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type BinState = typeof BinState.Type
type Known = Extract<BinState, { readonly _tag: "Known" }>

const initial: BinState = { _tag: "Unknown" }

const changed = (state: Known, at: EpochMillis, changes: Partial<BinFacts>): BinState => ({
  ...state,
  bin: { ...state.bin, ...changes, updatedAt: at }
})

/** Total: an event that does not apply changes nothing. */
const evolve = (state: BinState, event: BinEvent, at: EpochMillis): BinState => {
  if (event._tag === "BinCreated") {
    const { bin, capacityLitres, createdAt, fingerprint, origin } = event
    const facts: BinFacts = { ...bin, capacityLitres, status: "Active", createdAt, updatedAt: at }
    return { _tag: "Known", bin: facts, fingerprint, correlationId: origin.correlationId }
  }
  if (state._tag === "Unknown") return state
  switch (event._tag) {
    case "BinUpdated":
      return changed(state, at, { ...event.bin, status: event.status })
    case "BinCapacityUpdated":
      return changed(state, at, { capacityLitres: event.capacityLitres })
    case "BinRetired":
      return changed(state, at, { status: "Retired" })
  }
}

type Decision = Result.Result<ReadonlyArray<BinEvent>, BinRejection>
type Of<Tag extends BinCommand["_tag"]> = Extract<BinCommand, { readonly _tag: Tag }>

const nothing: Decision = Result.succeed([])
const one = (event: BinEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time. */
const decide = (command: BinCommand, state: BinState): Decision => {
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

const required = (event: BinEvent, { binId }: BinCommand): ReadonlyArray<Requirement> => {
  if (event._tag === "BinRetired") return [binFree(binId, null)]
  if (event._tag === "BinCapacityUpdated") return []
  const { customerId } = event.bin
  if (customerId === null || (event._tag === "BinUpdated" && !event.changed.includes("customerId"))) return []
  const there = customerActive(customerId)
  // Orders of others may not be left with a bin that is not for them.
  return event._tag === "BinCreated" ? [there] : [there, binFree(binId, customerId)]
}

/** What facts about a bin require of customers and orders. */
const requires = (events: ReadonlyArray<BinEvent>, command: BinCommand): ReadonlyArray<Requirement> =>
  events.flatMap((event) => required(event, command))

const customerOf = (command: BinCommand): CustomerId | null =>
  command._tag === "CreateBin"
    ? command.bin.customerId
    : command._tag === "UpdateBin"
      ? (command.changes.customerId ?? null)
      : null

const serialOf = (command: BinCommand): string | null =>
  command._tag === "CreateBin"
    ? command.bin.serialNumber
    : command._tag === "UpdateBin"
      ? (command.changes.serialNumber ?? null)
      : null

/** The rejection that a broken rule comes to; null for a rule that the command cannot break. */
const refuse = (rule: StoreRule, command: BinCommand): BinRejection | null => {
  const { binId } = command
  const [customerId, serialNumber] = [customerOf(command), serialOf(command)]
  switch (rule) {
    case "bin_in_use":
      return new BinInUse({ binId })
    case "serial_taken":
      return serialNumber === null ? null : new SerialNumberTaken({ binId, serialNumber })
    case "customer_missing":
      return customerId === null ? null : new BinCustomerUnfit({ binId, customerId, reason: "not_found" })
    case "customer_erased":
      return customerId === null ? null : new BinCustomerUnfit({ binId, customerId, reason: "erased" })
    default:
      return null
  }
}

const topics: Readonly<Record<BinEvent["_tag"], BinTopic>> = {
  BinCreated: "ops.bin.created",
  BinUpdated: "ops.bin.updated",
  BinCapacityUpdated: "ops.bin.capacity.updated",
  BinRetired: "ops.bin.retired"
}

/** The public message of each fact. */
const announce = (
  { _tag }: BinEvent,
  after: BinState,
  { at, tenantId, version }: Stamp,
  binId: BinId
): { readonly topic: BinTopic; readonly payload: BinChanged } | null => {
  if (after._tag === "Unknown") return null
  const { bin, correlationId } = after
  return {
    topic: topics[_tag],
    payload: { schemaVersion: 1, tenantId, binId, version, bin, occurredAt: at, correlationId }
  }
}

export const Bin: Aggregate<BinCommand, BinState, BinEvent, BinRejection, BinOutcome> = {
  category: "bin",
  event: BinEvent,
  upcasters: {},
  snapshot: { form: 1, state: BinState },
  streamOf: ({ binId }) => binId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateBin",
  ended: (state) => state._tag === "Known" && state.bin.status === "Retired",
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, binId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no bin behind`)
    return { _tag: "BinAccepted", binId, bin: after.bin }
  },
  attachment: (_command, before) => before,
  ruled: true,
  requires: (events, _after, command) => requires(events, command),
  refuse,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const binId = streamId as string as BinId
    return { _tag: "BinRow", tenantId, binId, version, ...after.bin, correlationId: after.correlationId }
  },
  announce: (event, after, stamp, { binId }) => announce(event, after, stamp, binId),
  intend: () => []
}
