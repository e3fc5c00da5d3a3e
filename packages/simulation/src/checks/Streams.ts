/** Streams of one kind as they are in the log: read once, event by event, as they come. What a kind's events mean says whoever makes this. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import type { IdOf, OpsCategory, RowOf } from "@dueline/contracts/kinds"
import type { Commit, Slice } from "@dueline/contracts/ports/Persistence"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect } from "effect"
import type { World } from "../world/World.ts"

export interface CheckedStream {
  readonly tenantId: TenantId
  readonly streamId: StreamId
  version: number
  /** Event ids that the outside must be told of, in order. */
  readonly endings: Array<string>
}

interface StreamsOptions<Kind extends OpsCategory, Event, One extends CheckedStream> {
  readonly kind: Kind
  readonly decode: (payload: unknown) => Event
  readonly begin: (of: CheckedStream, first: Event, recorded: RecordedEvent) => One
  /** Answers what is wrong with the event where it stands, or null. Also asked of the first. */
  readonly apply: (one: One, event: Event, recorded: RecordedEvent) => string | null
  /** What of an event stands in the trace beside its name. */
  readonly detail?: (event: Event, one: One) => string
  /** Event tags that nobody is told of. */
  readonly silent?: ReadonlyArray<string>
  /** Whether somebody is told of this very event; by default of all that are not silent. */
  readonly told?: (one: One, event: Event) => boolean
  /** What a row must say, and what it says. */
  readonly shown: (one: One, row: RowOf<Kind> | null) => readonly [expected: unknown, shown: unknown]
}

export const keyOf = (tenantId: string, id: string): string => `${tenantId}/${id}`

/** All that the store has of a stream. */
export const sliceOf = (
  { persistence }: MemoryStore["Service"],
  { streamId, tenantId }: Pick<Commit, "streamId" | "tenantId">
): Slice | undefined => {
  const request = { tenantId, streamId, receiptKey: null, wantEvents: true, snapshotForm: null }
  const [slice] = Effect.runSync(Effect.orDie(persistence.load([request])))
  return slice
}

export class Streams<Kind extends OpsCategory, Event extends { readonly _tag: string }, One extends CheckedStream> {
  readonly #known = new Map<string, One>()
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  readonly #options: StreamsOptions<Kind, Event, One>

  constructor(world: World, store: MemoryStore["Service"], options: StreamsOptions<Kind, Event, One>) {
    this.#world = world
    this.#store = store
    this.#options = options
  }

  get count(): number {
    return this.#known.size
  }

  all(): ReadonlyArray<One> {
    return [...this.#known.values()]
  }

  find(tenantId: string, streamId: string): One | undefined {
    return this.#known.get(keyOf(tenantId, streamId))
  }

  /** The stream after the commit, which may be new. */
  look({ streamId, tenantId }: Pick<Commit, "streamId" | "tenantId">): CheckedStream {
    const slice = sliceOf(this.#store, { tenantId, streamId })
    let one = this.find(tenantId, streamId)
    for (const recorded of slice?.events.slice(one?.version ?? 0) ?? []) {
      const event = this.#options.decode(recorded.payload)
      one ??= this.#options.begin({ tenantId, streamId, version: 0, endings: [] }, event, recorded)
      this.#known.set(keyOf(tenantId, streamId), one)
      this.#world.note(
        "log",
        `${streamId.slice(0, 8)} ${recorded.version} ${event._tag} ${this.#options.detail?.(event, one) ?? ""}`.trimEnd()
      )
      const wrong = this.#options.apply(one, event, recorded)
      if (wrong !== null) this.#world.violate("the log obeys the rules", `${streamId} ${event._tag}: ${wrong}`)
      one.version = recorded.version
      const { silent, told } = this.#options
      if (silent?.includes(event._tag) !== true && told?.(one, event) !== false) one.endings.push(recorded.eventId)
    }
    if (one === undefined) return { tenantId, streamId, version: 0, endings: [] }
    const { kind } = this.#options
    const find = this.#store.opsQueries.find(kind, tenantId, streamId as string as IdOf<Kind>)
    const [expected, shown] = this.#options.shown(one, Effect.runSync(Effect.orDie(find)))
    if (JSON.stringify(expected) !== JSON.stringify(shown)) {
      const told = `${JSON.stringify(shown)}, expected ${JSON.stringify(expected)}`
      this.#world.violate("the row equals the fold of the log", `${streamId}: ${told}`)
    }
    return one
  }
}
