/** What a process sees of the others of its installation: whom to ask, whom to give work to, who is gone. Alone, there is nobody. */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import type { Holding, RecallAnswer } from "@dueline/contracts/ports/Backlog"
import type { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import type { Timer } from "@dueline/contracts/ports/Timer"
import type { Role } from "@dueline/contracts/Role"
import { Context, Effect, Layer, type Scope } from "effect"

/** The executor of this process, as others may use it. */
export interface OwnExecutor {
  readonly offer: (intent: ExecutionRequested) => boolean
  readonly recall: (holding: Holding) => Effect.Effect<RecallAnswer>
  readonly slotsFree: () => number
  readonly onSlotFree: (listener: () => void) => void
}

/** The executors of other processes. */
export interface OtherExecutors {
  readonly free: () => ReadonlyMap<WorkerId, number>
  readonly onFree: (listener: () => void) => void
  /** False when the worker is not there. */
  readonly deliver: (intent: ExecutionRequested) => boolean
  readonly recall: (worker: WorkerId, holding: Holding) => Effect.Effect<RecallAnswer>
}

export interface Departure {
  readonly id: WorkerId
  readonly roles: ReadonlyArray<Role>
  /** It has no connection any more. Otherwise it may be ending its work, or hang and come back. */
  readonly certain: boolean
}

export class Neighbours extends Context.Service<
  Neighbours,
  {
    /** This process, also as a worker. New with every start. */
    readonly id: WorkerId
    /** How many processes there are in a role, this one included. */
    readonly count: (role: Role) => number
    /** Who gets nothing more: called synchronously. */
    readonly onDeparture: (listener: (departure: Departure) => void) => void
    /** Commands find the writer of their partition, which may be `own`. */
    readonly orchestrator: (
      own: Orchestrator["Service"] | null
    ) => Effect.Effect<Orchestrator["Service"], never, Scope.Scope>
    /** Alarms find the memory of the process that serves their partition, which may be `own`. */
    readonly timer: (own: Timer["Service"] | null) => Effect.Effect<Timer["Service"], never, Scope.Scope>
    readonly executors: Effect.Effect<OtherExecutors, never, Scope.Scope>
    /** Lets other processes give work to this one's executor. */
    readonly employ: (
      own: OwnExecutor,
      onRefused: (intent: ExecutionRequested) => void
    ) => Effect.Effect<void, never, Scope.Scope>
    readonly outbox: { readonly give: () => void; readonly onSignal: (listener: () => void) => void }
    /** Asks whatever stands between the processes whether it is there; null when there is nothing that could be down. */
    readonly link: Effect.Effect<unknown, unknown> | null
    /** From now on nobody sends new work here. */
    readonly leave: Effect.Effect<void>
  }
>()("@dueline/dueline/Neighbours") {}

const nobody: ReadonlyMap<WorkerId, number> = new Map()

/** One process is the whole installation. */
export const layerAlone = (id: WorkerId) =>
  Layer.sync(Neighbours, () =>
    Neighbours.of({
      id,
      count: () => 1,
      onDeparture: () => undefined,
      orchestrator: (own) => (own === null ? Effect.die("a process alone needs a writer") : Effect.succeed(own)),
      timer: (own) => (own === null ? Effect.die("a process alone needs a timer") : Effect.succeed(own)),
      executors: Effect.succeed({
        free: () => nobody,
        onFree: () => undefined,
        deliver: () => false,
        recall: () => Effect.succeed("sent")
      }),
      employ: () => Effect.void,
      outbox: { give: () => undefined, onSignal: () => undefined },
      link: null,
      leave: Effect.void
    })
  )
