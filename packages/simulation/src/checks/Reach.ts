/** A call from a process to the store, through everything that can happen to it on the way there and back. */
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect, Exit } from "effect"
import type { Machine } from "../world/Machine.ts"
import type { World } from "../world/World.ts"

/** The program of a machine, as far as faults need to know it. */
export interface Victim {
  readonly machine: Machine
  /** Ends the process at once; another one is started after a while. */
  readonly crash: () => void
  /** Stops the process for a while. */
  readonly stall: () => void
}

/** Whether the process lives on behind this point; it may die or fall asleep here. */
export const survives = (world: World, victim: Victim, where: string, { mayStall } = { mayStall: true }): boolean => {
  const { faults } = world
  if (world.diesAtCrossing()) {
    world.note(victim.machine.name, `is struck ${where}`)
    victim.crash()
  }
  if (mayStall && world.strikes(faults.pause)) victim.stall()
  return victim.machine.alive
}

const unavailable = (operation: string) => Effect.fail(new StoreUnavailable({ operation, cause: "simulated" }))

/** How long a program waits for a store that says nothing, in milliseconds. */
const patienceMs = 5_000

export const makeReach = (
  world: World,
  victim: Victim,
  storeIsAway: (machine: string) => boolean,
  standstills: Standstills
) => {
  const { faults } = world
  const { machine } = victim
  return <A, E>(operation: string, act: Effect.Effect<A, E>): Effect.Effect<A, E | StoreUnavailable> =>
    machine.call<A, E | StoreUnavailable>((answer) => {
      if (!survives(world, victim, `before ${operation}`)) return
      const fail = () => {
        world.troubled(machine.name)
        back(unavailable(operation))
      }
      const back = (result: Effect.Effect<A, E | StoreUnavailable>) => {
        const delayMs = world.latency(faults.storeSlow)
        if (delayMs > 1_500) world.troubled(machine.name)
        world.time.after(delayMs, () => whenItGoesOn(() => answer(result)))
      }
      const whenItGoesOn = (act: () => void): void => {
        const { leftMs } = standstills
        if (leftMs === 0) act()
        else world.time.after(leftMs + world.latency(), () => whenItGoesOn(act))
      }
      /** What waits for it is done or not; who asked may have given up long before. */
      const standStill = (leftMs: number) => {
        const done = world.dice.chance(0.7)
        if (leftMs <= patienceMs || world.dice.chance(0.3)) return whenItGoesOn(done ? reached : fail)
        world.time.after(patienceMs, fail)
        if (done) whenItGoesOn(() => void Effect.runSyncExit(act))
      }
      const arrive = () => {
        const { leftMs } = standstills
        if (leftMs > 0) standStill(leftMs)
        else reached()
      }
      const reached = () => {
        if (storeIsAway(machine.name) || world.strikes(faults.storeRefuses)) return fail()
        if (world.strikes(faults.storeActsLate)) {
          world.time.after(world.dice.between(1, 400), () => void Effect.runSyncExit(act))
          return fail()
        }
        const exit = Effect.runSyncExit(act)
        world.note(machine.name, `${operation} ${Exit.isSuccess(exit) ? "done" : "refused"}`)
        if (!survives(world, victim, `after ${operation}`)) return
        if (world.strikes(faults.storeForgetsToAnswer)) fail()
        else back(exit)
      }
      world.time.after(world.latency(), arrive)
    })
}

export type Reach = ReturnType<typeof makeReach>

/**
 * Times at which the store stands still, as a database server that is stopped: what is asked of it waits, and so does what it was about to
 * answer. When it goes on, what had waited is done or not, and whoever asked is told or not.
 */
export class Standstills {
  readonly #world: World
  /** In the world's time; the past when it does not stand still. */
  #until = 0

  constructor(world: World) {
    this.#world = world
    const dice = world.dice.fork("standstills")
    for (let i = 0; i < world.faults.standstills; i++) {
      const forMs = dice.pick([2_000, 6_000, 12_000, 20_000])
      world.time.after(dice.between(0, world.setup.activeMs), () => this.#begin(forMs))
    }
  }

  #begin(forMs: number): void {
    const { time } = this.#world
    if (this.#world.quiet) return
    this.#world.note("store", `stands still for ${forMs} ms`)
    this.#until = Math.max(this.#until, time.now + forMs)
  }

  /** Milliseconds until it goes on; 0 when it does. */
  get leftMs(): number {
    return this.#world.quiet ? 0 : Math.max(0, this.#until - this.#world.time.now)
  }
}
