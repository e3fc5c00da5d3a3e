/** Leases inside one process, on the program's own clock: for tests, and for processes of a simulation that share one memory. */
import { Clock, Effect, Layer } from "effect"
import { Leases } from "@dueline/contracts/ports/Leases"

interface Held {
  readonly holder: string
  /** Epoch ms from which anybody may have it. */
  readonly until: number
}

/** A new set of leases, all of them free. */
export const make = (): Leases["Service"] => {
  const leases = new Map<string, Held>()

  const take: Leases["Service"]["take"] = ({ holder, name, ttlMs }) =>
    Effect.map(Clock.currentTimeMillis, (now) => {
      const held = leases.get(name)
      if (held !== undefined && held.holder !== holder && held.until > now) return false
      leases.set(name, { holder, until: now + ttlMs })
      return true
    })

  const release: Leases["Service"]["release"] = ({ holder, name }) =>
    Effect.sync(() => {
      if (leases.get(name)?.holder === holder) leases.delete(name)
    })

  return { take, release }
}

export const layer: Layer.Layer<Leases> = Layer.sync(Leases, make)
