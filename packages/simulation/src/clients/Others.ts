/**
 * How processes ask each other's executors about an attempt: a message there and one back, and no answer from who stands still or is gone.
 */
import type { Holding } from "@dueline/contracts/ports/Backlog"
import type { Executor } from "@dueline/execution/attempts/Executor"
import { Effect, Exit } from "effect"
import type { Machine } from "../world/Machine.ts"
import type { World } from "../world/World.ts"

type Recall = Executor["Service"]["recall"]
type Said = Effect.Success<ReturnType<Recall>>

interface Member {
  readonly machine: Machine
  readonly recall: Recall
}

/** How long anybody waits for an answer, in milliseconds. */
const patienceMs = 1_000

export class Others {
  readonly #world: World
  readonly #members = new Map<string, Member>()

  constructor(world: World) {
    this.#world = world
  }

  join(machine: Machine, { recall }: Executor["Service"]): void {
    this.#members.set(machine.name, { machine, recall })
  }

  /** `silent` when there is no answer. */
  recall(asker: Machine, holder: string, holding: Holding): Effect.Effect<Said> {
    const world = this.#world
    return asker.call<Said, never>((answer) => {
      const say = (said: Said) => answer(Effect.succeed(said))
      world.time.after(patienceMs, () => say("silent"))
      const member = this.#members.get(holder)
      if (member === undefined || world.strikes(world.faults.requestLost)) return
      const { machine, recall } = member
      world.time.after(world.latency(), () =>
        machine.enter(() =>
          machine.run(recall(holding)).addObserver((exit) => {
            if (Exit.isSuccess(exit)) world.time.after(world.latency(), () => say(exit.value))
          })
        )
      )
    })
  }
}
