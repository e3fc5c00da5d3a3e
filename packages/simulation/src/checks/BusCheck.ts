/** The consumer at the far end of the bus, which outlives every process: what it was told, and in which order. */
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import type { LogCheck } from "./LogCheck.ts"
import type { World } from "../world/World.ts"

export class BusCheck {
  readonly #world: World
  readonly #log: LogCheck
  /** By stream: event ids in the order in which they were told for the first time. */
  readonly #told = new Map<string, Array<string>>()

  constructor(world: World, log: LogCheck) {
    this.#world = world
    this.#log = log
  }

  delivered({ eventId, streamId, tenantId, topic }: BusMessage): void {
    const endings = this.#log.endingsOf(tenantId, streamId)
    const position = endings.indexOf(eventId)
    this.#world.note("bus", `${topic} ${streamId.slice(0, 8)} ${position}`)
    if (position < 0) {
      return this.#world.violate("only what happened is told", `${eventId} on ${topic} for ${streamId}`)
    }
    const told = this.#told.get(streamId) ?? []
    this.#told.set(streamId, told)
    if (told.includes(eventId)) return
    const missed = endings.slice(0, position).filter((id) => !told.includes(id) && !this.#log.isDead(id))
    if (missed.length > 0)
      this.#world.violate("messages of a stream come in order", `${streamId}: ${eventId} before ${missed.join(" ")}`)
    told.push(eventId)
  }

  /** Everything that was to be told was, unless it is kept as a dead letter. */
  complete(): boolean {
    return this.missing().length === 0
  }

  missing(): ReadonlyArray<string> {
    return [...this.#log.endings].flatMap(([streamId, { endings }]) =>
      endings.filter((id) => !this.#log.isDead(id) && !(this.#told.get(streamId)?.includes(id) ?? false))
    )
  }
}
