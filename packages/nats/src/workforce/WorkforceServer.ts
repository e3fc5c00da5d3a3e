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

/** How long a stop waits for what orchestrators had decided, and for what is on its way here, in milliseconds. */
const lingerMs = 100
const drainMs = 500

export const serveWork = Effect.fnUntraced(function* (options: WorkforceServerOptions) {
  const { executor, onRefused, worker } = options
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const run = yield* FiberSet.makeRuntime<never>()
  const seen = new Map<string, number>()
  let announcing = false
  let leaving = false

  const announce = () => {
    announcing = false
    if (!connection.isClosed())
      connection.publish(`${prefix}.places`, placesText(worker, leaving ? 0 : executor.slotsFree(), seen))
  }
  /** Once a turn, however many places have changed. */
  const announceSoon = () => {
    if (announcing) return
    announcing = true
    run(Effect.andThen(Effect.yieldNow, Effect.sync(announce)))
  }

  const receive = (message: Msg) => {
    const work = readAttempts(message.string())
    if (work === null) {
      run(Effect.logError("a message on the work subject is not understood; are all processes of one version?"))
      return
    }
    seen.set(work.from, work.sent)
    for (const intent of work.attempts) if (!executor.offer(intent)) onRefused(intent)
    announceSoon()
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

  executor.onSlotFree(announceSoon)
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
