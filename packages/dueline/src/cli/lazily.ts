/** A command's handler that is loaded when the command is run: other commands, `serve` before all, need not wait for it. */
import { Effect } from "effect"

export const lazily =
  <M, I, A, E, R>(load: () => Promise<M>, pick: (module: M) => (input: I) => Effect.Effect<A, E, R>) =>
  (input: I): Effect.Effect<A, E, R> =>
    Effect.flatMap(Effect.promise(load), (module) => pick(module)(input))
