/** Takes commands of other processes for the writer of this one, and sends each its answer once it is durable. */
import type { AnyRefusal, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Msg } from "@nats-io/nats-core"
import { Cause, Effect, Exit, FiberSet, Option } from "effect"
import { type Ask, answerText, notUnderstood, readAsks, refusalText, repliesText } from "./CommandWire.ts"
import { Members } from "../members/Members.ts"
import { Nats } from "../Nats.ts"
import { TurnBatcher, TurnBatchers } from "../TurnBatcher.ts"

/** Askers whose answers have been on their way lately; beyond it the oldest are forgotten, which costs them nothing. */
const askerLimit = 1_000

/**
 * Serves until the scope closes: then it takes nothing more (NATS answers an asker with "no responders", and it asks the next), answers
 * what it took, and is done. Tell the others to stop asking (`Members.leave`) before.
 */
export const serveCommands = Effect.fnUntraced(function* (orchestrator: Orchestrator["Service"]) {
  const { connection, prefix } = yield* Nats
  const { id } = yield* Members
  const run = yield* FiberSet.makeRuntime<never>()

  const answers = new TurnBatchers(
    (reply) =>
      new TurnBatcher(run, (replies) => {
        if (!connection.isClosed()) connection.publish(reply, repliesText(replies))
      }),
    askerLimit
  )

  /** A defect of one command is that command's: the asker may ask again. */
  const failureOf = (cause: Cause.Cause<AnyRefusal>) =>
    Option.getOrElse(
      Cause.findErrorOption(cause),
      () => new StoreUnavailable({ operation: "ask", cause: new Error("the command could not be carried out") })
    )

  /** Commands that were taken and not answered yet, and who waits until there is none. */
  let open = 0
  let onNone: () => void = () => undefined
  const noneOpen = Effect.callback<void>((resume) => {
    onNone = () => resume(Effect.void)
    if (open === 0) onNone()
  })

  const take = (reply: string, { envelope, n }: Ask) => {
    if (envelope === null) {
      run(Effect.logError("a command is not understood; is this process of an older release than the others?"))
      return answers.to(reply).add(refusalText(n, notUnderstood("a command")))
    }
    open += 1
    orchestrator.offer(envelope, (exit) => {
      answers.to(reply).add(Exit.isSuccess(exit) ? answerText(n, exit.value) : refusalText(n, failureOf(exit.cause)))
      open -= 1
      if (open === 0) onNone()
    })
  }

  const receive = (message: Msg) => {
    const { reply } = message
    const asks = readAsks(message.string())
    if (asks === null || reply === undefined || reply === "") {
      run(Effect.logError("a message on the command subject is not understood; are all processes of one version?"))
      return
    }
    for (const ask of asks) take(reply, ask)
  }

  const subscription = connection.subscribe(`${prefix}.ask.${id}`, { callback: (_, message) => receive(message) })
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Effect.promise(() => subscription.drain().catch(() => undefined))
      yield* Effect.ignore(Effect.timeoutOption(noneOpen, "5 seconds"))
      answers.flush()
      if (!connection.isClosed()) yield* Effect.promise(() => connection.flush().catch(() => undefined))
    })
  )
})
