/** The role that carries committed messages from the outbox to the bus. */
import { Intents } from "@dueline/contracts/Intents"
import * as Dispatcher from "@dueline/orchestration/dispatcher/Dispatcher"
import { Effect, Layer } from "effect"
import { Neighbours } from "../Neighbours.ts"

/** Longer than most rounds of the dispatcher take, shorter than anybody waits for news of an end. */
const lingerMs = 10

/** `shared`: other processes may have the role too, and one of them at a time does it. */
export const layer = (shared: boolean) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const { id, outbox } = yield* Neighbours
      const intents = yield* Intents
      const { dispatcher, run } = shared
        ? yield* Dispatcher.makeLed({ lingerMs, holder: id })
        : yield* Dispatcher.make({ lingerMs })
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      const wake = () => void fork(dispatcher.wake)
      outbox.onSignal(wake)
      intents.subscribe((committed) => {
        if (committed.some(({ _tag }) => _tag === "OutboxFilled")) wake()
      })
      yield* Effect.forkScoped(run)
    })
  )
