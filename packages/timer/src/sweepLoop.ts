/** Lets the sweep run for ever, in one process at a time where several share a database. */
import type { Leases } from "@dueline/contracts/ports/Leases"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { Effect } from "effect"
import type { Sweep } from "./Sweep.ts"

interface Leadership {
  readonly leases: Leases["Service"]
  /** This process, and no other. */
  readonly holder: string
  /** How long after its last word a process may still be the one that sweeps, in milliseconds. It speaks three times in that time. */
  readonly ttlMs: number
}

export const defaultLeadershipTtlMs = 5_000

interface SweepLoopOptions {
  /** Milliseconds between two ticks. */
  readonly everyMs: number
  /** Null: this process is the only one that sweeps. */
  readonly leadership: Leadership | null
}

export const defaultSweepLoopOptions: SweepLoopOptions = { everyMs: 5_000, leadership: null }

const name = "sweep"

/** Milliseconds between two looks at leases that have ended and whose holders may only be late. */
const lookEveryMs = 1_000

/**
 * Ticks for ever; a tick that fails is logged and the next one tries again. A process that becomes the one that sweeps begins at
 * once, with everything up to the horizon, since it does not know what the one before had armed. Two that sweep at once, for as long as one
 * of them believes in a lease that has ended, do no harm: arming twice is arming once.
 */
export const sweepLoop = (sweep: Sweep, { everyMs, leadership }: SweepLoopOptions): Effect.Effect<never> => {
  const beatMs =
    leadership === null
      ? everyMs / Math.ceil(everyMs / lookEveryMs)
      : Math.max(1, Math.min(everyMs, Math.floor(leadership.ttlMs / 3)))
  const beatsPerTick = Math.max(1, Math.round(everyMs / beatMs))
  let leads = leadership === null
  let beat = 0

  const lead = Effect.suspend(() => {
    if (leadership === null) return Effect.succeed(true)
    const { holder, leases, ttlMs } = leadership
    return Effect.map(leases.take({ name, holder, ttlMs }), (taken) => {
      if (taken && !leads) {
        sweep.forget()
        beat = 0
      }
      leads = taken
      return taken
    })
  })

  const once = Effect.flatMap(lead, (leading) => {
    const isTime = beat % beatsPerTick === 0
    beat += 1
    if (!leading) return Effect.void
    if (isTime) return sweep.tick
    return sweep.watching() ? Effect.ignore(sweep.look) : Effect.void
  })

  const giveBack = Effect.suspend(() =>
    leadership !== null && leads
      ? Effect.ignore(leadership.leases.release({ name, holder: leadership.holder }))
      : Effect.void
  )

  return once.pipe(
    orLogged("error", "the sweep failed; it is tried again at the next tick"),
    Effect.andThen(Effect.sleep(beatMs)),
    Effect.forever,
    Effect.ensuring(giveBack)
  )
}
