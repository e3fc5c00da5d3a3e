/**
 * The executors of other processes, as an orchestrator sees them: how many attempts each could begin at once, and the way to it.
 *
 * An executor says what it has room for whenever that changes; what was sent since is taken off here. So no place has to be asked for
 * before an attempt, and a message that is lost is put right by the next one.
 */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Msg } from "@nats-io/nats-core"
import { Clock, Effect, FiberSet } from "effect"
import { Members } from "./Members.ts"
import { Nats } from "./Nats.ts"
import { Outgoing } from "./Outgoing.ts"
import { RemoteWorker } from "./RemoteWorker.ts"
import { attemptsText, attemptText, readPlaces } from "./WorkforceWire.ts"

export interface WorkforceRemoteOptions {
  /** Attempts that certainly did not arrive: nobody listens where they were sent. */
  readonly onUndelivered: (intents: ReadonlyArray<ExecutionRequested>) => void
}

export interface WorkforceRemote {
  /** Places by worker; only those with at least one. */
  readonly free: () => ReadonlyMap<WorkerId, number>
  readonly onFree: (listener: () => void) => void
  /** False when the worker is not known here. */
  readonly deliver: (intent: ExecutionRequested) => boolean
}

const departedLimit = 100

interface Known {
  readonly worker: RemoteWorker
  readonly outgoing: Outgoing
}

export const make = Effect.fnUntraced(function* ({ onUndelivered }: WorkforceRemoteOptions) {
  const { connection, prefix } = yield* Nats
  const members = yield* Members
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<never>()
  const workers = new Map<string, Known>()
  /** Word that something did not reach them may still come. */
  const departed = new Map<string, RemoteWorker>()
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
    const outgoing = new Outgoing(run, (attempts) => {
      if (connection.isClosed()) return
      const sent = worker.send(attempts.length)
      const reply = `${absentSubject}.${id}.${sent}`
      connection.publish(`${prefix}.work.${id}`, attemptsText(members.id, sent, attempts), { reply })
    })
    const made = { worker, outgoing }
    workers.set(id, made)
    return made
  }

  const hear = (message: Msg) => {
    const said = readPlaces(message.string())
    if (said === null || !members.withRole("executor").includes(said.worker)) return
    const { worker } = knownOf(said.worker)
    worker.hear(said.free, said.seen[members.id] ?? 0, clock.currentTimeMillisUnsafe())
    if (count(worker)) for (const listener of listeners) listener()
  }

  const giveUp = (intents: ReadonlyArray<ExecutionRequested>) => {
    if (intents.length > 0) onUndelivered(intents)
  }
  /** What was on its way to it may have arrived: the watchdog settles that. */
  const forget = (id: string) => {
    const known = workers.get(id)
    if (known === undefined) return
    workers.delete(id)
    free.delete(known.worker.id)
    departed.set(id, known.worker)
    const [first] = departed.keys()
    if (departed.size > departedLimit && first !== undefined) departed.delete(first)
    giveUp(known.worker.takeBack())
  }
  /** Nobody listened there: that message did not arrive. */
  const undelivered = (id: string, sent: number) => {
    const intents = (workers.get(id)?.worker ?? departed.get(id))?.sentAs(sent) ?? []
    members.absent(id)
    giveUp(intents)
  }

  members.onChange(({ id, kind }) => {
    if (kind !== "joined") forget(id)
  })
  const subscriptions = [
    connection.subscribe(`${prefix}.places`, { callback: (_, message) => hear(message) }),
    connection.subscribe(`${absentSubject}.*.*`, {
      callback: (_, { headers, subject }) => {
        const [id = "", sent] = subject.slice(absentSubject.length + 1).split(".")
        if (headers?.code === 503) undelivered(id, Number(sent))
      }
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
    known.worker.give(intent)
    count(known.worker)
    known.outgoing.add(attemptText(intent))
    return true
  }
  const made: WorkforceRemote = { free: () => free, onFree: (listener) => void listeners.push(listener), deliver }
  return made
})
