/**
 * What becomes of the steps of a process manager under test, one after the other: a step happens; or it fails, with nothing done or with everything
 * done and the answer lost; or whoever takes it dies after it. Steps for which nothing was put in happen.
 */
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { Effect } from "effect"

export type Fate = "happens" | "fails" | "is not heard of" | "dies"

export const unavailable = new StoreUnavailable({ operation: "injected", cause: new Error("injected") })

/** Asking for something, and hearing of it. */
export type Step = <A, E>(what: Effect.Effect<A, E>) => Effect.Effect<A, E | StoreUnavailable>

export const makeFates = () => {
  const fates: Array<Fate> = []
  /** `lost`: how a step that fails does so. */
  const lossy = <A, E, F>(what: Effect.Effect<A, E>, lost: F): Effect.Effect<A, E | F> =>
    Effect.suspend((): Effect.Effect<A, E | F> => {
      const fate = fates.shift() ?? "happens"
      if (fate === "happens") return what
      if (fate === "fails") return Effect.fail(lost)
      return Effect.andThen(Effect.exit(what), fate === "dies" ? Effect.interrupt : Effect.fail(lost))
    })
  const step: Step = (what) => lossy(what, unavailable)
  return { fates, lossy, step }
}

/** Of these writers each command that is asked for is a step. */
export const inSteps = ({ ask, offer }: Orchestrator["Service"], step: Step): Orchestrator["Service"] =>
  Orchestrator.of({
    offer,
    ask: (envelope) => step(ask(envelope)) as ReturnType<typeof ask<typeof envelope.command>>
  })
