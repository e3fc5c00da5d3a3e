/** Looks at customers, bins and orders after every write: the log obeys the rules, rows say the same, and nobody is in another's way. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import { BinId, CustomerId, OrderId, type StreamId, type TenantId } from "@dueline/contracts/Ids"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import type { ReadModelRow } from "@dueline/contracts/kinds"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"
import { type Facts, factsAfter, isActive, isBin, isOrder, type OrderFacts } from "./fieldFacts.ts"
import type { World } from "./World.ts"

export interface CheckedField {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  readonly category: string
  /** What it was after each of its events, and since when (epoch ms) that was durable. */
  readonly past: Array<{ readonly facts: Facts; readonly since: number }>
  /** Event ids that the outside must be told of, in order: all of them. */
  readonly endings: Array<string>
  readonly commands: Array<string>
}

export class FieldCheck {
  readonly streams = new Map<string, CheckedField>()
  readonly #world: World
  readonly #store: MemoryStore["Service"]

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
  }

  find(tenantId: string, streamId: string): CheckedField | undefined {
    return this.streams.get(`${tenantId}/${streamId}`)
  }

  /** The stream after the commit, which may be new. */
  look({ category, streamId, tenantId }: Pick<Commit, "category" | "streamId" | "tenantId">): CheckedField {
    const known = this.find(tenantId, streamId)
    const one = known ?? { tenantId, streamId, category, past: [], endings: [], commands: [] }
    this.streams.set(`${tenantId}/${streamId}`, one)
    const request = { tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm: null }
    const [slice] = Effect.runSync(Effect.orDie(this.#store.persistence.load([request])))
    for (const event of slice?.events.slice(one.past.length) ?? []) this.#replay(one, event)
    const facts = one.past.at(-1)?.facts
    if (facts === undefined) return one
    this.#compare(one, facts, this.#row(one))
    this.#sealed(one, facts, slice?.sealed ?? null)
    return one
  }

  #replay(one: CheckedField, event: RecordedEvent): void {
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

  #row({ category, streamId, tenantId }: CheckedField): ReadModelRow | null {
    const { find } = this.#store.opsQueries
    const found =
      category === "order"
        ? find("order", tenantId, OrderId.make(streamId))
        : category === "bin"
          ? find("bin", tenantId, BinId.make(streamId))
          : find("customer", tenantId, CustomerId.make(streamId))
    return Effect.runSync(Effect.orDie(found as Effect.Effect<ReadModelRow | null>))
  }

  #compare({ category, past, streamId }: CheckedField, facts: Facts, row: ReadModelRow | null): void {
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
  #sealed({ category, streamId }: CheckedField, { status }: Facts, sealed: string | null): void {
    const wanted = category === "customer" && status === "Active"
    if (wanted ? sealed?.startsWith(streamId) === true : sealed === null) return
    this.#world.violate("an erased customer has no profile", `${category} ${streamId} is ${status} and has ${sealed}`)
  }

  /** What is true of all of them together, whatever was written last. */
  judge(): void {
    const serials = new Map<string, string>()
    const active: Array<{ readonly one: CheckedField; readonly facts: OrderFacts }> = []
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

  #apart(one: CheckedField, a: OrderFacts, other: CheckedField, b: OrderFacts): void {
    if (one.tenantId !== other.tenantId || a.binId !== b.binId || a.window === null || b.window === null) return
    if (a.window.from < b.window.to && b.window.from < a.window.to) {
      this.#world.violate("windows of a bin never overlap", `${one.streamId} and ${other.streamId} hold ${a.binId}`)
    }
  }

  #mayHold({ streamId, tenantId }: CheckedField, { binId, customerId }: OrderFacts): void {
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
