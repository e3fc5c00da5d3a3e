/**
 * The calls of one tenant that take up a place: from the moment they are asked for until their attempt is over. A call counts once, also
 * while word of an earlier attempt of it is still missing. Plain data structure, times in epoch ms.
 */
import type { ServiceCallId } from "@dueline/contracts/Ids"
import type { Alarm } from "@dueline/contracts/ports/Timer"
import type { Room } from "./Room.ts"
import type { TargetLane } from "./TargetLane.ts"

interface Busy {
  readonly lane: TargetLane
  /** Revisions of the alarms given out whose asking has not been answered: hardly ever more than one. */
  readonly asked: Array<number>
  /** The attempt under way; 0 when there is none. */
  epoch: number
  /** When its end must have been lost. */
  expiresAt: number
}

export class UnderWay {
  readonly #calls = new Map<ServiceCallId, Busy>()
  readonly #room: Room
  readonly #left: (lane: TargetLane) => void

  /** Counts what it takes up in `room`. `left` is told of each lane that has one call less under way. */
  constructor(room: Room, left: (lane: TargetLane) => void) {
    this.#room = room
    this.#left = left
  }

  get size(): number {
    return this.#calls.size
  }

  isAskedFor({ callId, revision }: Alarm): boolean {
    return this.#calls.get(callId)?.asked.some((known) => known >= revision) ?? false
  }

  ask({ callId, revision }: Alarm, lane: TargetLane): void {
    this.#occupy(callId, () => lane).asked.push(revision)
  }

  /** The asking is over. Without an attempt that is known, the call takes up no place any more. */
  answered({ callId, revision }: Alarm): void {
    const busy = this.#calls.get(callId)
    const at = busy?.asked.indexOf(revision) ?? -1
    if (busy === undefined || at < 0) return
    busy.asked.splice(at, 1)
    this.#settle(callId, busy)
  }

  /** An attempt that is known, or older than one that is known, changes nothing. */
  started(callId: ServiceCallId, epoch: number, expiresAt: number, laneOf: () => TargetLane): void {
    const busy = this.#occupy(callId, laneOf)
    if (busy.epoch >= epoch) return
    busy.epoch = epoch
    busy.expiresAt = expiresAt
  }

  /** Told again, or of an attempt that a newer one has replaced, it changes nothing. */
  ended(callId: ServiceCallId, epoch: number): void {
    const busy = this.#calls.get(callId)
    if (busy === undefined || busy.epoch > epoch) return
    busy.epoch = 0
    this.#settle(callId, busy)
  }

  /** Gives up on attempts whose end is overdue; none is waited for beyond `latest`. Answers when to look again. */
  expire(now: number, latest: number): number {
    let earliest = Number.POSITIVE_INFINITY
    for (const [callId, busy] of this.#calls) {
      if (busy.epoch === 0) continue
      busy.expiresAt = Math.min(busy.expiresAt, latest)
      if (busy.expiresAt <= now) this.ended(callId, busy.epoch)
      else earliest = Math.min(earliest, busy.expiresAt)
    }
    return earliest
  }

  #occupy(callId: ServiceCallId, laneOf: () => TargetLane): Busy {
    const known = this.#calls.get(callId)
    if (known !== undefined) return known
    const lane = laneOf()
    const busy = { lane, asked: [], epoch: 0, expiresAt: 0 }
    lane.running += 1
    this.#room.taken += 1
    this.#calls.set(callId, busy)
    return busy
  }

  #settle(callId: ServiceCallId, { asked, epoch, lane }: Busy): void {
    if (asked.length > 0 || epoch > 0) return
    this.#calls.delete(callId)
    lane.running -= 1
    this.#room.taken -= 1
    this.#left(lane)
  }
}
