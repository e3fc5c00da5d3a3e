/**
 * Holds a process to what it takes over with a commit: each place that is kept is used or given back once, what is taken is durable, and it ends
 * before it would count as lost: carried out by its taker, or, once that is dead, by the process that starts after it.
 */
import type { Reserve, Reserved } from "@dueline/contracts/CommitCompanions"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import { lostAfterMs } from "@dueline/orchestration/handling"
import type { CourierCheck } from "../checks/CourierCheck.ts"
import { keyOf } from "../checks/Streams.ts"
import type { Victim } from "../checks/Reach.ts"
import type { World } from "../world/World.ts"

interface InHand {
  readonly id: string
  /** The name of the process that has to carry it out, and since when (epoch milliseconds). */
  readonly holder: string
  readonly since: number
}

const settled = "a place is used or given back, once"
const ends = "what is in hand ends before it counts as lost"

export class InHandCheck {
  readonly #world: World
  readonly #couriers: CourierCheck
  /** By tenant and id of the ingestion. */
  readonly #inHand = new Map<string, InHand>()

  constructor(world: World, couriers: CourierCheck) {
    this.#world = world
    this.#couriers = couriers
  }

  /** What `sound` takes for this process, as it is seen here. From now on the process also has in hand what the one before had. */
  watch({ machine }: Victim, sound: Reserve): Reserve {
    for (const [key, { id }] of this.#inHand) {
      this.#world.note(machine.name, `inherits ${id.slice(0, 8)}`)
      this.#inHand.set(key, { id, holder: machine.name, since: this.#world.time.now })
    }
    return (message) => {
      const reserved = sound(message)
      return reserved === null ? null : this.#watched(machine.name, message, reserved)
    }
  }

  #watched(holder: string, { streamId, tenantId }: BusMessage, { release, take }: Reserved): Reserved {
    let over = false
    const once = (what: string) => {
      if (over) this.#world.violate(settled, `${holder} ${what} ${streamId} after that was settled`)
      over = true
      this.#world.note(holder, `${what} ${streamId.slice(0, 8)}`)
    }
    return {
      take: () => {
        once("takes over")
        const key = keyOf(tenantId, streamId)
        if (!this.#couriers.ingestions.has(key))
          this.#world.violate("what is taken over is durable", `${streamId} is not in the log`)
        this.#inHand.set(key, { id: streamId, holder, since: this.#world.time.now })
        take()
      },
      release: () => {
        once("lets go of")
        release()
      }
    }
  }

  look(): void {
    for (const [key, { holder, id, since }] of this.#inHand) {
      const status = this.#couriers.ingestions.get(key)?.status
      if (status === "Completed" || status === "Failed") this.#inHand.delete(key)
      // Whoever stood still, or whose store was away, may be late; what is from a time to come by its clock is looked for then.
      else if (this.#world.neverFailed(holder) && this.#world.time.now - since >= lostAfterMs + this.#world.clockSpan)
        this.#world.violate(ends, `${holder} has had ${id} in hand for ${this.#world.time.now - since} ms`)
    }
  }
}
