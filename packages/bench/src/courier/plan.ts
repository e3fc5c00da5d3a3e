/** When a courier sends what: drawn from the seed before anything is sent. */
import type { EventFacts } from "@dueline/contracts/ingestion/Ingestion"
import type { Courier } from "@dueline/simulation/clients/Courier"
import type { Dice } from "@dueline/simulation/world/Dice"

export interface Planned {
  /** Milliseconds after the phase began. */
  readonly afterMs: number
  readonly event: EventFacts
  readonly repeat: boolean
}

export interface Shape {
  /** Requests a second, repeats among them. */
  readonly rate: number
  readonly seconds: number
  /** Share of the requests that send an event again. */
  readonly duplicates: number
  /** So many come at once; 1: each by itself, at random times (a Poisson process). */
  readonly volley: number
}

/** A repeat is of one of so many latest events. */
const remembered = 200

export const plan = (dice: Dice, courier: Courier, { duplicates, rate, seconds, volley }: Shape): Array<Planned> => {
  const planned: Array<Planned> = []
  const recent: Array<EventFacts> = []
  let afterMs = 0
  for (let n = 0; n < rate * seconds; n += 1) {
    const last = recent.at(-1)
    // Every other repeat is a twin of the request before it, under way at the same time.
    const repeated =
      last === undefined || !dice.chance(duplicates) ? null : dice.chance(0.5) ? last : dice.pick([last, ...recent])
    const event = repeated ?? courier.next()
    planned.push({ afterMs, event, repeat: repeated !== null })
    if (repeated === null) recent.push(event)
    if (recent.length > remembered) recent.shift()
    const gapMs = volley > 1 ? (1_000 * volley) / rate : (-1_000 * Math.log(1 - dice.next())) / rate
    if ((n + 1) % volley === 0) afterMs += gapMs
  }
  return planned
}
