/** given(history).when(command) reads like the sentence a planner would say. */
import { assert } from "@effect/vitest"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Result } from "effect"
import type { Aggregate, Tagged } from "../src/engine/Aggregate.ts"

export const given = <C extends Tagged & { readonly at: EpochMillis }, S, E extends Tagged, R, O>(
  aggregate: Aggregate<C, S, E, R, O>,
  history: ReadonlyArray<E>
) => ({
  when: (command: C) => {
    const before = history.reduce((state, event) => aggregate.evolve(state, event, command.at), aggregate.initial)
    const decision = aggregate.decide(command, before)
    return {
      // oxlint-disable-next-line unicorn/no-thenable -- reads as a sentence, and nobody awaits it
      then: (events: ReadonlyArray<E>): void => assert.deepStrictEqual(decision, Result.succeed(events)),
      thenRejected: (rejection: R): void => assert.deepStrictEqual(decision, Result.fail(rejection))
    }
  }
})
