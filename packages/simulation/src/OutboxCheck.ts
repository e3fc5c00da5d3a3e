/** Holds the outbox against the log: a row for each fact to be told of that nobody was told of yet, and no other. */
import type { Outbox, Settlement } from "@dueline/contracts/ports/Outbox"
import { Effect } from "effect"
import type { World } from "./World.ts"

const invariant = "an outbox row for each fact that is told"

export class OutboxCheck {
  readonly #world: World
  readonly #outbox: Outbox["Service"]
  readonly #settled = new Set<string>()
  readonly dead = new Set<string>()

  constructor(world: World, outbox: Outbox["Service"]) {
    this.#world = world
    this.#outbox = outbox
  }

  settled(settlements: ReadonlyArray<Settlement>): void {
    for (const { _tag, entry } of settlements) {
      if (_tag !== "Failed") this.#settled.add(entry.eventId)
      if (_tag === "Dead") this.dead.add(entry.eventId)
    }
  }

  compare(streams: ReadonlyMap<string, { readonly endings: ReadonlyArray<string> }>): void {
    const all = this.#outbox.claim({ now: Number.MAX_SAFE_INTEGER, limit: 100_000 })
    const waiting = new Set(Effect.runSync(Effect.orDie(all)).map(({ eventId }) => eventId))
    for (const [streamId, { endings }] of streams) {
      const lost = endings.filter((ending) => !waiting.delete(ending) && !this.#settled.has(ending))
      if (lost.length > 0)
        this.#world.violate(invariant, `${streamId} has facts of which nobody will be told: ${lost.join(" ")}`)
    }
    if (waiting.size > 0) this.#world.violate(invariant, `${[...waiting].join(" ")} ended nothing`)
  }
}
