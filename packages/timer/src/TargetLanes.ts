/** One tenant's lanes, and the line of those that may be served: each in its turn, so that one target keeps no other waiting. */
import { Fifo } from "@dueline/contracts/Fifo"
import { TargetLane } from "./TargetLane.ts"

export class TargetLanes {
  readonly #lanes = new Map<string, TargetLane>()
  readonly #line = new Fifo<TargetLane>()
  #cap = Number.POSITIVE_INFINITY

  get size(): number {
    return this.#lanes.size
  }

  get all(): Iterable<TargetLane> {
    return this.#lanes.values()
  }

  find(target: string): TargetLane | undefined {
    return this.#lanes.get(target)
  }

  of(target: string): TargetLane {
    const known = this.#lanes.get(target)
    if (known !== undefined) return known
    const lane = new TargetLane(target, this.#cap)
    this.#lanes.set(target, lane)
    return lane
  }

  /** Calls that may be under way at once to each target; positive infinity when nothing limits them. */
  limitTo(cap: number): void {
    if (cap === this.#cap) return
    this.#cap = cap
    for (const lane of this.#lanes.values()) {
      lane.cap = cap
      this.changed(lane)
    }
  }

  /** The lane whose turn it is. */
  get first(): TargetLane | undefined {
    while (this.#line.first?.isOpen === false) this.#leave()
    return this.#line.first
  }

  /** The lane whose turn it is goes out of the line, and stands at its end again if it may still be served once `serve` is done. */
  serve<A>(serve: (lane: TargetLane) => A): A | undefined {
    if (this.first === undefined) return undefined
    const lane = this.#leave()
    if (lane === undefined) return undefined
    const served = serve(lane)
    this.changed(lane)
    return served
  }

  /** To be told when a lane may have opened, or need no longer be remembered. */
  changed(lane: TargetLane): void {
    if (lane.isIdle) this.#lanes.delete(lane.target)
    if (lane.inLine || !lane.isOpen) return
    lane.inLine = true
    this.#line.push(lane)
  }

  #leave(): TargetLane | undefined {
    const lane = this.#line.shift()
    if (lane !== undefined) lane.inLine = false
    return lane
  }
}
