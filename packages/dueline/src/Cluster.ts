/** The processes of an installation as one of them sees them: which one to ask, which one to give work to, which one is gone. */
import * as CallNotices from "@dueline/contracts/CallNotices"
import type { TenantId, WorkerId } from "@dueline/contracts/Ids"
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

export class Cluster extends Context.Service<
  Cluster,
  {
    /** This process, also as a worker. New with every start. */
    readonly id: WorkerId
    /** How many processes there are in a role, this one included. */
    readonly count: (role: Role) => number
    /** The listener is called, synchronously, with each process that gets no work any more. */
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
    /** New outbox rows, told by the writer that made them: dispatchers of this process are called synchronously, others get a message. */
    readonly outbox: { readonly filled: () => void; readonly onFilled: (listener: () => void) => void }
    /** Those of the installation that are seen, this one among them; null for one that is all of it. */
    readonly processes: (() => ReadonlyArray<{ readonly id: string; readonly roles: ReadonlyArray<Role> }>) | null
    /** Which calls have changed, told by the writers of all processes to whoever watches. */
    readonly notices: CallNotices.CallNotices
    /** Takes away what lies of a tenant between the processes: messages that are kept, alarms that wait. */
    readonly forgetTenant: (tenantId: TenantId) => Effect.Effect<void>
    /** Asks whatever stands between the processes whether it is there; null when there is nothing that could be down. */
    readonly link: Effect.Effect<unknown, unknown> | null
    /** From now on no process sends new work here. */
    readonly leave: Effect.Effect<void>
  }
>()("@dueline/dueline/Cluster") {}

const none: ReadonlyMap<WorkerId, number> = new Map()

/** One process is the whole installation. */
export const layerSingle = (id: WorkerId) =>
  Layer.sync(Cluster, () => {
    const dispatchers: Array<() => void> = []
    return Cluster.of({
      id,
      count: () => 1,
      onDeparture: () => undefined,
      orchestrator: (own) => (own === null ? Effect.die("a process alone needs a writer") : Effect.succeed(own)),
      timer: (own) => (own === null ? Effect.die("a process alone needs a timer") : Effect.succeed(own)),
      executors: Effect.succeed({
        free: () => none,
        onFree: () => undefined,
        deliver: () => false,
        recall: () => Effect.succeed("sent")
      }),
      employ: () => Effect.void,
      outbox: {
        filled: () => {
          for (const wake of dispatchers) wake()
        },
        onFilled: (listener) => {
          dispatchers.push(listener)
        }
      },
      processes: null,
      notices: CallNotices.makeLocal(),
      forgetTenant: () => Effect.void,
      link: null,
      leave: Effect.void
    })
  })

/** What the writers of this process tell, and what its edge hears. */
export const layerNotices = Layer.effect(
  CallNotices.CallNotices,
  Effect.map(Cluster, ({ notices }) => notices)
)
