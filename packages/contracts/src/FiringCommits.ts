/**
 * A schedule's firing and the submission of its call in one commit: the way from the writers, which start first, to whoever fires. Only where both
 * kinds have their writers in one process, and nobody outside of it takes messages from the bus.
 */
import { Context, Layer } from "effect"
import type { Envelope } from "./Envelope.ts"
import type { Answer, Refusal, Settle } from "./ports/Orchestrator.ts"
import type { ScheduleCommand, ScheduleOutcome, ScheduleRejection } from "./schedule/Schedule.ts"
import type { ServiceCallCommand } from "./serviceCall/Command.ts"

export interface FiringInOne {
  readonly firing: Envelope<ScheduleCommand>
  /** Of the call that the firing makes, under an id that nothing has yet. */
  readonly submission: Envelope<ServiceCallCommand>
  /** Told once what became of the firing, and whether the call is in its very commit: if not, it has to be submitted. Must not throw. */
  readonly settle: (
    exit: Parameters<Settle<Answer<ScheduleOutcome>, Refusal<ScheduleRejection>>>[0],
    isSubmitted: boolean
  ) => void
}

export type OfferFiring = (firing: FiringInOne) => void

export class FiringCommits extends Context.Service<
  FiringCommits,
  {
    /** Null as long as nobody takes them. */
    readonly offer: () => OfferFiring | null
    /** Says who takes them. */
    readonly by: (offer: OfferFiring) => void
  }
>()("@dueline/contracts/FiringCommits") {
  static readonly layer = Layer.sync(FiringCommits, () => {
    let current: OfferFiring | null = null
    return FiringCommits.of({
      offer: () => current,
      by: (offer) => {
        current = offer
      }
    })
  })
}
