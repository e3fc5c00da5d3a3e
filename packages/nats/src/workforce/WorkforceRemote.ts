/**
 * The executors of other processes, as an orchestrator sees them: how many attempts each could begin at once, and the way to it.
 *
 * An executor says what it has room for whenever that changes; what was sent since is taken off here. So no place has to be asked for
 * before an attempt, and a message that is lost is put right by the next one.
 */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import type { Msg } from "@nats-io/nats-core"
import { Clock, Effect, FiberSet } from "effect"
import { Members } from "../members/Members.ts"
import { Nats } from "../Nats.ts"
import { TurnBatcher } from "../TurnBatcher.ts"
import { RemoteWorker } from "./RemoteWorker.ts"
import { attemptsText, attemptText, readPlaces, readRecalled, recallText } from "./WorkforceWire.ts"

export interface WorkforceRemote {
  /** Places by worker; only those with at least one. */
  readonly free: () => ReadonlyMap<WorkerId, number>
  readonly onFree: (listener: () => void) => void
  /**
   * False when the worker is not known here. Neither answer says whether the attempt has reached it: another process may have decided the
   * same and have sent it. What did not arrive is found by its lease.
   */
  readonly deliver: (intent: ExecutionRequested) => boolean
  /**
   * Calls an attempt back. `silent` when the worker does not answer within a second, or is one of before 0.2.
   */
  readonly recall: (worker: WorkerId, holding: Holding) => Effect.Effect<RecallAnswer>
}

const recallMs = 1_000

interface Known {
  readonly worker: RemoteWorker
  readonly outgoing: TurnBatcher
}

export const make = Effect.gen(function* () {
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<never>()
  const workers = new Map<string, Known>()
  const free = new Map<WorkerId, number>()
  const listeners: Array<() => void> = []
  const absentSubject = `${prefix}.unworked.${members.id}`

  const count = ({ id, places }: RemoteWorker): boolean => {
    if (places > 0) free.set(id, places)
    else free.delete(id)
    return places > 0
  }

  const knownOf = (id: WorkerId): Known => {
    const known = workers.get(id)
    if (known !== undefined) return known
    const worker = new RemoteWorker(id)
    const outgoing = new TurnBatcher(run, (attempts) => {
      if (connection.isClosed()) return
      const sent = worker.send(attempts.length)
      const reply = `${absentSubject}.${id}`
      connection.publish(`${prefix}.work.${id}`, attemptsText(members.id, sent, attempts), { reply })
    })
    const made = { worker, outgoing }
    workers.set(id, made)
    return made
  }

  const receive = (message: Msg) => {
    const said = readPlaces(message.string())
    if (said === null || !members.withRole("executor").includes(said.worker)) return
    const { worker } = knownOf(said.worker)
    worker.report(said.free, said.seen[members.id] ?? 0, clock.currentTimeMillisUnsafe())
    if (count(worker)) for (const listener of listeners) listener()
  }

  members.onChange(({ id, kind }) => {
    const known = workers.get(id)
    if (kind === "joined" || known === undefined) return
    workers.delete(id)
    free.delete(known.worker.id)
  })
  const subscriptions = [
    connection.subscribe(`${prefix}.places`, { callback: (_, message) => receive(message) }),
    connection.subscribe(`${absentSubject}.*`, {
      callback: (_, message) => void members.noResponders(message)
    })
  ]
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { outgoing } of workers.values()) outgoing.flush()
      for (const subscription of subscriptions) subscription.unsubscribe()
    })
  )

  const deliver = (intent: ExecutionRequested): boolean => {
    const known = workers.get(intent.worker)
    if (known === undefined) return false
    known.worker.give()
    count(known.worker)
    known.outgoing.add(attemptText(intent))
    return true
  }
  const recall = (worker: WorkerId, holding: Holding): Effect.Effect<RecallAnswer> =>
    Effect.promise(async (): Promise<RecallAnswer> => {
      // The attempt itself may wait here for the end of this turn: it goes first, by the same way.
      workers.get(worker)?.outgoing.flush()
      try {
        const options = { timeout: recallMs }
        return readRecalled(
          (await connection.request(`${prefix}.recall.${worker}`, recallText(holding), options)).string()
        )
      } catch {
        return "silent"
      }
    })
  const made: WorkforceRemote = {
    free: () => free,
    onFree: (listener) => void listeners.push(listener),
    deliver,
    recall
  }
  return made
})
