/** The role that carries committed messages from the outbox to the bus. */
import * as Dispatcher from "@dueline/orchestration/dispatcher/Dispatcher"
import { Effect, Layer } from "effect"
import { Cluster } from "../Cluster.ts"
import { Hearing } from "../Hearing.ts"

/** Longer than most rounds of the dispatcher take, shorter than a caller waits for the end of a call. */
const lingerMs = 10

/** `shared`: other processes may have the role too, and one of them at a time does it. */
export const layer = (shared: boolean) =>
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
