/**
 * Takes attempts that orchestrators of other processes send to the executor of this one, gives those back that they recall, and tells them
 * what it has room for.
 */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import type { Msg } from "@nats-io/nats-core"
import { Effect, FiberSet } from "effect"
import { Members } from "../members/Members.ts"
import { Nats } from "../Nats.ts"
import { placesText, readAttempts, readRecall, recalledText } from "./WorkforceWire.ts"

export interface WorkforceServerOptions {
  readonly worker: WorkerId
  readonly executor: {
    readonly offer: (intent: ExecutionRequested) => boolean
    readonly recall: (holding: Holding) => Effect.Effect<RecallAnswer>
    readonly slotsFree: () => number
    readonly onSlotFree: (listener: () => void) => void
  }
  /** An attempt that the executor did not take: it goes back. */
  readonly onRefused: (intent: ExecutionRequested) => void
}

/** Also said when nothing changes, so that a message that was lost is put right. */
const everyMs = 500

/**
 * How late a change is told while orchestrators count on at least half of the places, in milliseconds. Else every attempt that comes or
 * ends would be a message to each of them.
 */
const lateMs = 20

/** What orchestrators count on, at the least: the places that were told of, without the attempts that have come since. */
export class ToldPlaces {
  #most = 0
  #left = 0

  tell(free: number): void {
    this.#most = Math.max(this.#most, free)
    this.#left = free
  }

  come(attempts: number): void {
    this.#left -= attempts
  }

  /** Whether none of them is about to run out of places that it knows of. */
  get areEnough(): boolean {
    return this.#left > 0 && this.#left >= this.#most / 2
  }
}

/** How long a stop waits for what orchestrators had decided, and for what is on its way here, in milliseconds. */
const lingerMs = 250
const drainMs = 500

export const serveWork = Effect.fnUntraced(function* (options: WorkforceServerOptions) {
  const { executor, onRefused, worker } = options
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const run = yield* FiberSet.makeRuntime<never>()
  const seen = new Map<string, number>()
  const told = new ToldPlaces()
  let soon = false
  let late = false
  let leaving = false

  const announce = () => {
    const free = leaving ? 0 : executor.slotsFree()
    told.tell(free)
    if (!connection.isClosed()) connection.publish(`${prefix}.places`, placesText(worker, free, seen))
  }
  /** Once a turn, however many places have changed. */
  const announceSoon = () => {
    if (soon) return
    soon = true
    run(
      Effect.andThen(
        Effect.yieldNow,
        Effect.sync(() => {
          soon = false
          announce()
        })
      )
    )
  }
  const changed = () => {
    if (!told.areEnough) return announceSoon()
    if (late || soon) return
    late = true
    run(
      Effect.andThen(
        Effect.sleep(lateMs),
        Effect.sync(() => {
          late = false
          announce()
        })
      )
    )
  }

  const receive = (message: Msg) => {
    const work = readAttempts(message.string())
    if (work === null) {
      run(Effect.logError("a message on the work subject is not understood; are all processes of one version?"))
      return
    }
    seen.set(work.from, work.sent)
    told.come(work.attempts.length)
    for (const intent of work.attempts) if (!executor.offer(intent)) onRefused(intent)
    changed()
  }

  const recall = (message: Msg) => {
    const holding = readRecall(message.string())
    if (holding === null) return
    run(
      Effect.map(executor.recall(holding), (answer) => {
        if (!connection.isClosed()) message.respond(recalledText(answer))
      })
    )
  }

  executor.onSlotFree(changed)
  members.onChange(({ id, kind, roles }) => {
    if (kind !== "joined") seen.delete(id)
    else if (roles.includes("orchestrator")) announceSoon()
  })
  const subscriptions = [
    connection.subscribe(`${prefix}.work.${worker}`, { callback: (_, message) => receive(message) }),
    connection.subscribe(`${prefix}.recall.${worker}`, { callback: (_, message) => recall(message) })
  ]
  // An attempt that is sent here and not taken is known to no worker, and counts as lost. So orchestrators hear first that there is no place
  // any more; what they had decided by then is taken, and so is what the server has routed here when it answers.
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      leaving = true
      announce()
      return Effect.sleep(lingerMs)
    }).pipe(
      Effect.andThen(
        Effect.promise(() => Promise.allSettled(subscriptions.map((subscription) => subscription.drain()))).pipe(
          Effect.timeoutOption(drainMs)
        )
      ),
      Effect.andThen(
        Effect.sync(() => {
          for (const subscription of subscriptions) subscription.unsubscribe()
        })
      )
    )
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.sync(announce), Effect.sleep(everyMs))))
})
