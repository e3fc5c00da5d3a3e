/** Looks at customers, bins and orders after every write: the log obeys the rules, rows say the same, and nobody is in another's way. */
import { BinEvent } from "@dueline/contracts/bin/Bin"
import { CustomerEvent } from "@dueline/contracts/customer/Customer"
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { BinId, CustomerId, OrderId, type StreamId, type TenantId } from "@dueline/contracts/Ids"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import { OrderEvent, type TimeWindow } from "@dueline/contracts/order/Order"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import { keyOf, sliceOf } from "./Streams.ts"
import type { World } from "../world/World.ts"

/** All that is known of one of them, by the names that its row has. */
export interface Facts {
  readonly status: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly correlationId: string
  readonly [name: string]: unknown
}

export interface OrderFacts extends Facts {
  readonly binId: string
  readonly customerId: string
  readonly window: TimeWindow | null
}

export const isOrder = (facts: Facts): facts is OrderFacts => "items" in facts
const isBin = (facts: Facts): boolean => "serialNumber" in facts
/** It holds its bin for its window. */
export const isActive = ({ status }: OrderFacts): boolean => status === "Scheduled" || status === "Confirmed"

type OpsEvent = CustomerEvent | BinEvent | OrderEvent
const decode = Schema.decodeUnknownSync(Schema.Union([CustomerEvent, BinEvent, OrderEvent]))

/**
 * The facts after the event, or what is wrong with it where it stands. Written from the requirements and not from the aggregates, so that a
 * mistake in one shows in the other.
 */
const factsAfter = (facts: Facts | null, { payload, recordedAt, version }: RecordedEvent): Facts | string => {
  const event = decode(payload)
  const first = begun(event, recordedAt)
  if ((first !== null) !== (version === 1)) return `${event._tag} is event ${version}`
  if (first !== null) return first
  if (facts === null) return `${event._tag} of nothing`
  if (["Erased", "Retired", "Cancelled"].includes(facts.status)) return `${event._tag} after it was ${facts.status}`
  const now = { ...facts, updatedAt: recordedAt }
  return isOrder(now) ? orderAfter(now, event) : keptAfter(now, event)
}

const begun = (event: OpsEvent, at: number): Facts | null => {
  switch (event._tag) {
    case "CustomerRegistered": {
      const { correlationId } = event.origin
      return { status: "Active", createdAt: event.registeredAt, updatedAt: at, erasedAt: null, correlationId }
    }
    case "BinCreated": {
      const { bin, capacityLitres, createdAt, origin } = event
      return { ...bin, capacityLitres, status: "Active", createdAt, updatedAt: at, correlationId: origin.correlationId }
    }
    case "OrderDrafted": {
      const { createdAt, items, terms, window } = event
      const { origin, ...fixed } = terms
      const { correlationId } = origin
      return { ...fixed, items, window, status: "Draft", createdAt, updatedAt: at, endedAt: null, correlationId }
    }
    default:
      return null
  }
}

const keptAfter = (now: Facts, event: OpsEvent): Facts | string => {
  switch (event._tag) {
    case "CustomerUpdated":
      return event.fields.length > 0 ? now : "nothing changed"
    case "CustomerErased":
      return { ...now, status: "Erased", erasedAt: now.updatedAt }
    case "BinUpdated": {
      const after = { ...now, ...event.bin, status: event.status }
      const changed = Object.keys(after).filter(
        (name) => name !== "updatedAt" && JSON.stringify(after[name as "status"]) !== JSON.stringify(now[name])
      )
      if (String(changed.sort()) !== String([...event.changed].sort()))
        return `${String(event.changed)} is not ${String(changed)}`
      return event.bin.sizeLitres < Number(now.capacityLitres) ? "smaller than what it may hold" : after
    }
    case "BinCapacityUpdated":
      if (event.previousLitres !== now.capacityLitres) return `it was ${String(now.capacityLitres)}`
      if (event.capacityLitres > Number(now.sizeLitres)) return "more than it has room for"
      return { ...now, capacityLitres: event.capacityLitres }
    case "BinRetired":
      return { ...now, status: "Retired" }
    default:
      return `${event._tag} of something else`
  }
}

const orderAfter = (now: OrderFacts, event: OpsEvent): Facts | string => {
  const { status, updatedAt, window } = now
  const ifIn = (allowed: ReadonlyArray<string>, changes: Partial<OrderFacts>): Facts | string =>
    allowed.includes(status) ? { ...now, ...changes } : `from ${status}`
  const live = ["Draft", "Scheduled", "Confirmed"]
  const holding = ["Scheduled", "Confirmed"]
  switch (event._tag) {
    case "OrderItemsAdded":
      return ifIn(live, { items: [...(now.items as ReadonlyArray<unknown>), ...event.items] })
    case "OrderScheduled":
      return ifIn(["Draft"], { status: "Scheduled", window: event.window })
    case "OrderMoved":
      if (JSON.stringify(event.previous) !== JSON.stringify(window)) return "from another window"
      return ifIn(holding, { status: "Scheduled", window: event.window })
    case "OrderConfirmed":
      return ifIn(["Scheduled"], { status: "Confirmed" })
    case "OrderCancelled":
      return ifIn(live, { status: "Cancelled", endedAt: updatedAt })
    case "OrderCompleted":
      return ifIn(holding, { status: "Completed", endedAt: updatedAt })
    case "PickupCompleted":
      return now.kind === "delivery" ? "nothing was to be picked up" : ifIn(["Completed"], {})
    default:
      return `${event._tag} of something else`
  }
}

export interface CheckedOps {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly category: string
  /** What it was after each of its events, and since when (epoch ms) that was durable. */
  readonly past: Array<{ readonly facts: Facts; readonly since: number }>
  /** Event ids that the outside must be told of, in order: all of them. */
  readonly endings: Array<string>
  readonly commands: Array<string>
}

/** All that it was at some moment from then (epoch ms) on. */
export const wasSince = (one: CheckedOps | undefined, from: number): ReadonlyArray<Facts> => {
  const past = one?.past ?? []
  return past.filter((_, i) => (past[i + 1]?.since ?? Number.MAX_SAFE_INTEGER) >= from).map(({ facts }) => facts)
}

export class OpsCheck {
  readonly streams = new Map<string, CheckedOps>()
  readonly #world: World
  readonly #store: MemoryStore["Service"]

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
  }

  find(tenantId: string, streamId: string): CheckedOps | undefined {
    return this.streams.get(keyOf(tenantId, streamId))
  }

  /** The stream after the commit, which may be new. */
  look({ category, streamId, tenantId }: Pick<Commit, "category" | "streamId" | "tenantId">): CheckedOps {
    const known = this.find(tenantId, streamId)
    const one = known ?? { tenantId, streamId, category, past: [], endings: [], commands: [] }
    this.streams.set(keyOf(tenantId, streamId), one)
    const slice = sliceOf(this.#store, { tenantId, streamId })
    for (const event of slice?.events.slice(one.past.length) ?? []) this.#replay(one, event)
    const facts = one.past.at(-1)?.facts
    if (facts === undefined) return one
    this.#compare(one, facts, this.#row(one))
    this.#sealed(one, facts, slice?.sealed ?? null)
    return one
  }

  #replay(one: CheckedOps, event: RecordedEvent): void {
    const { eventId, metadata, type, version } = event
    const name = `${one.category} ${one.streamId}`
    this.#world.note("log", `${one.streamId.slice(0, 8)} ${version} ${type}`)
    const after = factsAfter(one.past.at(-1)?.facts ?? null, event)
    if (typeof after === "string") {
      return this.#world.violate("the log obeys the rules", `${name} event ${version} ${type}: ${after}`)
    }
    const { commandId } = metadata
    if (one.commands.at(-1) !== commandId && one.commands.includes(commandId)) {
      this.#world.violate("what is asked once happens once", `${name}: ${type} by ${commandId}`)
    }
    one.commands.push(commandId)
    one.endings.push(eventId)
    one.past.push({ facts: after, since: this.#world.time.now })
  }

  #row({ category, streamId, tenantId }: CheckedOps): ReadModelRow | null {
    const { find } = this.#store.opsQueries
    const found =
      category === "order"
        ? find("order", tenantId, OrderId.make(streamId))
        : category === "bin"
          ? find("bin", tenantId, BinId.make(streamId))
          : find("customer", tenantId, CustomerId.make(streamId))
    return Effect.runSync(Effect.orDie(found as Effect.Effect<ReadModelRow | null>))
  }

  #compare({ category, past, streamId }: CheckedOps, facts: Facts, row: ReadModelRow | null): void {
    const expected = { ...facts, version: past.length }
    const shown: Readonly<Record<string, unknown>> = { ...row }
    const wrong = Object.entries(expected).filter(
      ([name, value]) => JSON.stringify(shown[name]) !== JSON.stringify(value)
    )
    if (wrong.length === 0) return
    const names = wrong.map(([name, value]) => `${name} should be ${JSON.stringify(value)}`).join(", ")
    this.#world.violate("the row equals the fold of the log", `${category} ${streamId}: ${names}`)
  }

  /** The profile of a customer, and nothing else, is attached; and not to somebody else, nor to somebody who was erased. */
  #sealed({ category, streamId }: CheckedOps, { status }: Facts, sealed: string | null): void {
    const wanted = category === "customer" && status === "Active"
    if (wanted ? sealed?.startsWith(streamId) === true : sealed === null) return
    this.#world.violate("an erased customer has no profile", `${category} ${streamId} is ${status} and has ${sealed}`)
  }

  /** What is true of all of them together, whatever was written last. */
  judge(): void {
    const serials = new Map<string, string>()
    const active: Array<{ readonly one: CheckedOps; readonly facts: OrderFacts }> = []
    for (const one of this.streams.values()) {
      const facts = one.past.at(-1)?.facts
      if (facts === undefined) continue
      if (isOrder(facts) && isActive(facts)) active.push({ one, facts })
      if (!isBin(facts)) continue
      const serial = `${one.tenantId}/${String(facts.serialNumber)}`
      const other = serials.get(serial)
      if (other !== undefined)
        this.#world.violate("serial numbers are unique", `${one.streamId} and ${other}: ${serial}`)
      serials.set(serial, one.streamId)
    }
    for (const [i, { facts, one }] of active.entries()) {
      for (const other of active.slice(0, i)) this.#apart(one, facts, other.one, other.facts)
      this.#mayHold(one, facts)
    }
  }

  #apart(one: CheckedOps, a: OrderFacts, other: CheckedOps, b: OrderFacts): void {
    if (one.tenantId !== other.tenantId || a.binId !== b.binId || a.window === null || b.window === null) return
    if (a.window.from < b.window.to && b.window.from < a.window.to) {
      this.#world.violate("windows of a bin never overlap", `${one.streamId} and ${other.streamId} hold ${a.binId}`)
    }
  }

  #mayHold({ streamId, tenantId }: CheckedOps, { binId, customerId }: OrderFacts): void {
    const bin = this.find(tenantId, binId)?.past.at(-1)?.facts
    const customer = this.find(tenantId, customerId)?.past.at(-1)?.facts
    const others = bin?.customerId !== null && bin?.customerId !== customerId
    if (customer?.status === "Active" && bin !== undefined && bin.status !== "Retired" && !others) return
    this.#world.violate(
      "an active order has its customer and its bin",
      `${streamId}: customer ${customer?.status}, bin ${bin?.status}${others ? " of another" : ""}`
    )
  }
}
