/** The executor of this process, if it is one. */
import type { ExecutionRequested } from "@dueline/contracts/Intent"
import { KnownRedactions } from "@dueline/contracts/ports/TenantRules"
import type { HandBackReason } from "@dueline/contracts/serviceCall/Spec"
import * as Executor from "@dueline/execution/attempts/Executor"
import { makeRecorder } from "@dueline/execution/attempts/recordAttempt"
import { Clock, Context, Effect, FiberSet, Layer } from "effect"
import { Cluster } from "../Cluster.ts"
import { version } from "../Phase.ts"

export class LocalExecutor extends Context.Service<
  LocalExecutor,
  { readonly own: Executor.Executor["Service"] | null }
>()("@dueline/dueline/LocalExecutor") {}

export interface ExecutionOptions {
  /** Attempts on the wire at once. */
  readonly concurrency: number
  /** How long attempts on the wire may take to end when the program stops, in milliseconds. */
  readonly drainMs: number
}

/** Attempts that wait here when several orchestrators have counted on the same places; the lease of each is kept alive. */
const queueLimit = 4_096

/** Milliseconds until an attempt that no executor had room for is tried again: at once it would only find the same. */
const refusedMs = 1_000

/** Gives attempts back that were not begun and will not be under their epoch. */
export const givingBack = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const run = yield* FiberSet.makeRuntime<never>()
  const { handBack } = yield* makeRecorder(run)
  return (intent: ExecutionRequested, reason: HandBackReason): void => {
    const about = { tenantId: intent.tenantId, serviceCallId: intent.callId }
    handBack(intent, reason, clock.currentTimeMillisUnsafe() + refusedMs, (defect) => {
      if (defect !== null) run(Effect.logError("an attempt could not be given back; its lease runs out", about, defect))
    })
  }
})

/** Why an executor did not take an attempt: only a worker itself knows that it has not begun one and never will. */
export const refusedBy = (own: Executor.Executor["Service"]): HandBackReason =>
  own.draining() ? "draining" : "no_capacity"

export const layerNone = Layer.succeed(LocalExecutor, { own: null })

export const layer = ({ concurrency, drainMs }: ExecutionOptions) =>
  Layer.effect(
    LocalExecutor,
    Effect.gen(function* () {
      const { employ, id } = yield* Cluster
      const giveBack = yield* givingBack
      const redactions = yield* KnownRedactions
      const own = yield* Executor.make({ worker: id, concurrency, queueLimit, version, redaction: redactions.of })
      // Scopes close in reverse: no work is sent any more, then what is on the wire may end and be recorded.
      yield* Effect.addFinalizer(() => own.drain(drainMs))
      yield* employ(own, (intent) => giveBack(intent, refusedBy(own)))
      return { own }
    })
  )
