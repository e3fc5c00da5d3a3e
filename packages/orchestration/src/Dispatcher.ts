/**
 * Carries what was committed from the outbox to the bus: in order within a stream, tenants beside each other, at least once. `make` is
 * for a program that is alone with its outbox; of several processes with `makeLed`, one at a time does the work and another takes over.
 *
 * One that was paused and does not know yet that it was replaced does no harm: what it publishes was published before, which the bus
 * recognises by the event's id, and what it settles was settled before.
 */
import { type Backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { EventBus } from "@dueline/contracts/ports/EventBus"
import { Leases } from "@dueline/contracts/ports/Leases"
import type { Outbox } from "@dueline/contracts/ports/Outbox"
import { Context, Effect, Layer } from "effect"
import { emptyOutbox, makeBell, type Pace, ring } from "./emptyOutbox.ts"
import { type Leadership, whileLeading } from "./whileLeading.ts"

export interface Options extends Partial<Omit<Pace, "mayPublish" | "backoff">> {
  /** Between two attempts on one entry, two probes of a bus that is away, and two questions to a store that does not answer. */
  readonly backoff?: Backoff
}

export interface LedOptions extends Options, Partial<Omit<Leadership, "holder">> {
  /** This process, under a name that no other has; a new one for every start. */
  readonly holder: string
}

export class Dispatcher extends Context.Service<
  Dispatcher,
  {
    /** Says that there may be new entries. Returns at once; many calls make one claim. */
    readonly wake: Effect.Effect<void>
  }
>()("@dueline/orchestration/Dispatcher") {}

const defaultPace: Omit<Pace, "mayPublish"> = {
  batch: 128,
  held: 1_024,
  window: 64,
  pollMs: 5_000,
  lingerMs: 0,
  backoff: defaultBackoff,
  maxFailures: 10
}

const defaultLeadership: Omit<Leadership, "holder"> = { name: "outbox", ttlMs: 5_000, extendMs: 1_500, retryMs: 1_000 }

const prepare = Effect.fnUntraced(function* (options: Options) {
  const bell = yield* makeBell
  const ports = yield* Effect.context<Outbox | EventBus>()
  const work = (mayPublish: () => boolean) =>
    Effect.provide(emptyOutbox({ ...defaultPace, ...options, mayPublish }, bell), ports)
  return { dispatcher: Dispatcher.of({ wake: Effect.sync(() => ring(bell)) }), work }
})

/** The dispatcher and its loop, which never ends by itself. What is on its way when it is interrupted comes again with the next start. */
export const make = Effect.fnUntraced(function* (options: Options = {}) {
  const { dispatcher, work } = yield* prepare(options)
  return { dispatcher, run: Effect.scoped(work(() => true)) }
})

/** The same, doing nothing while another process has the lease; gives it back when it is interrupted. */
export const makeLed = Effect.fnUntraced(function* (options: LedOptions) {
  const { dispatcher, work } = yield* prepare(options)
  return { dispatcher, run: whileLeading(yield* Leases, { ...defaultLeadership, ...options }, work) }
})

const running = <R>(
  made: Effect.Effect<{ readonly dispatcher: Dispatcher["Service"]; readonly run: Effect.Effect<never> }, never, R>
) =>
  Layer.effect(
    Dispatcher,
    Effect.gen(function* () {
      const { dispatcher, run } = yield* made
      yield* Effect.forkScoped(run)
      return dispatcher
    })
  )

/** Runs until the scope closes. */
export const layer = (options?: Options) => running(make(options))

/** Runs until the scope closes, as one of several. */
export const layerLed = (options: LedOptions) => running(makeLed(options))
