/**
 * Roles of a process: one that carries committed messages from the outbox to the bus, one that makes orders of payloads that came in, and one that
 * watches: it brings back what memories and messages may have lost, and deletes what has been kept long enough.
 */
import { readPayload } from "@dueline/api/intake/dropbinOrder"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import type { Holding } from "@dueline/contracts/ports/Backlog"
import { Leases } from "@dueline/contracts/ports/Leases"
import { logUnlessStoreTrouble, orLogged } from "@dueline/contracts/storeTrouble"
import { dropbinOrderId } from "@dueline/identity/derivedId"
import * as Dispatcher from "@dueline/orchestration/dispatcher/Dispatcher"
import * as Dropbin from "@dueline/orchestration/dropbin/Dropbin"
import { keepDays } from "@dueline/postgres/write/PostgresProductEvents"
import { forgetExpired } from "@dueline/postgres/write/Receipts"
import { defaultSweepOptions, makeSweep } from "@dueline/timer/Sweep"
import { defaultLeadershipTtlMs, defaultSweepLoopOptions, sweepLoop } from "@dueline/timer/sweepLoop"
import { Clock, Effect, FiberSet, Layer } from "effect"
import { hash } from "node:crypto"
import { Cluster } from "../Cluster.ts"
import type { Deployment } from "../Deployment.ts"
import { Hearing } from "../Hearing.ts"
import { LocalExecutor } from "./LocalExecutor.ts"

/** Receipts that have expired are deleted this often, in milliseconds. */
const everyMs = 60_000
/** Receipts deleted by one statement; while a statement finds as many, the next follows at once. */
const atOnce = 1_000

/** Days of product events are looked after in the same round: made ahead, and dropped when they are past. */
const tidy = Effect.fnUntraced(function* (productEventDays: number) {
  const now = yield* Clock.currentTimeMillis
  while ((yield* forgetExpired({ now, limit: atOnce })) === atOnce) yield* Effect.yieldNow
  yield* keepDays(productEventDays)
})

/** Runs for ever; a round that fails is logged and the next one tries again. */
const housekeeping = (productEventDays: number) =>
  tidy(productEventDays).pipe(
    orLogged("warning", "housekeeping failed; it is tried again"),
    Effect.andThen(Effect.sleep(everyMs)),
    Effect.forever
  )

/** `shared`: other processes may have the role too, and one of them at a time does it. `horizonMs`: how far ahead alarms are armed. `productEventDays`: how long those are kept. */
export const layerSweeping = ({ shared }: Deployment, horizonMs: number, productEventDays: number) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id, onDeparture } = yield* Cluster
      const leases = yield* Leases
      const { own } = yield* LocalExecutor
      const holds = (holding: Holding) => own?.holds(holding) ?? false
      const sweep = yield* makeSweep({ ...defaultSweepOptions, horizonMs, holds, worker: id, sole: !shared })
      const run = yield* FiberSet.makeRuntime<never>()
      const hurry = (what: Effect.Effect<void, unknown>) =>
        run(
          Effect.catchCause(what, (cause) =>
            logUnlessStoreTrouble("warning", "the sweep could not hurry; its next tick follows", cause)
          )
        )
      onDeparture(({ certain, id, roles }) => {
        if (certain && roles.includes("executor")) hurry(sweep.lost(id))
        if (roles.includes("orchestrator")) hurry(sweep.everything)
      })
      yield* Effect.forkScoped(housekeeping(productEventDays))
      const leadership = shared ? { leases, holder: id, ttlMs: defaultLeadershipTtlMs } : null
      yield* Effect.forkScoped(sweepLoop(sweep, { ...defaultSweepLoopOptions, leadership }))
    })
  )

/** Longer than most rounds of the dispatcher take, shorter than a caller waits for the end of a call. */
const lingerMs = 10

/** `shared`: other processes may have the role too, and one of them at a time does it. */
export const layerDispatching = (shared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id, outbox } = yield* Cluster
      const { begin } = yield* Hearing
      const { dispatcher, run } = shared
        ? yield* Dispatcher.makeLed({ lingerMs, holder: id })
        : yield* Dispatcher.make({ lingerMs })
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      outbox.onFilled(() => void fork(dispatcher.wake))
      yield* Effect.forkScoped(run)
      if (!shared) begin()
    })
  )

/** RFC 9530. */
export const digestOf = (bytes: Uint8Array): string => `sha-256=:${hash("sha256", bytes, "base64")}:`

/** `shared`: other processes may do this too. */
export const layerPayloads = (shared: boolean) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { id } = yield* Cluster
      const leases = yield* Leases
      const intake = yield* RequestIntake
      return Dropbin.layer(
        { orderIdOf: dropbinOrderId, digestOf, readPayload: readPayload(intake) },
        { shared: shared ? { leases, holder: id } : null }
      )
    })
  )
