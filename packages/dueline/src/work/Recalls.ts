/** The way from the writers, which come first, to the executors, which come later and need the writers: for attempts that are called back. */
import type { Recall } from "@dueline/orchestration/recalling"
import { Context, Effect, Layer } from "effect"

/** Somebody waits for the answer to a cancel or a move meanwhile, in milliseconds. */
const recallMs = 1_000

export class Recalls extends Context.Service<
  Recalls,
  {
    /** `sent` as long as nobody can be asked, and when there is no answer in time. */
    readonly recall: Recall
    /** Says how executors are asked. */
    readonly by: (recall: Recall) => void
  }
>()("@dueline/dueline/Recalls") {
  static readonly layer = Layer.sync(Recalls, () => {
    const sent = Effect.succeed("sent" as const)
    let current: Recall = () => sent
    return Recalls.of({
      recall: (worker, holding) =>
        Effect.suspend(() => current(worker, holding)).pipe(
          Effect.timeoutOrElse({ duration: recallMs, orElse: () => sent })
        ),
      by: (recall) => {
        current = recall
      }
    })
  })
}
