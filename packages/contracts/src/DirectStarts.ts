/**
 * Starts of calls in the very commit of their submission: the way from the writer, which starts first, to whoever hands out places for attempts.
 * A call that is due at once then costs one commit less before its request leaves, and its row is written once less.
 */
import { Context, Layer } from "effect"
import { type AnsweredLater, answeredLater } from "./answeredLater.ts"
import type { Envelope } from "./Envelope.ts"
import type { Answer, Refusal, Settle } from "./ports/Orchestrator.ts"
import type { ServiceCallCommand } from "./serviceCall/Command.ts"

export interface DirectStart {
  /** Decided right after the submission, in the same commit. */
  readonly envelope: Envelope<ServiceCallCommand>
  /** Told once what became of it; null when it was not asked for, since the submission was refused. Must not throw. */
  readonly settle: (exit: Parameters<Settle<Answer, Refusal>>[0] | null) => void
}

/** What starts the call that is submitted, or null when it has to wait like any other: for its time, its turn, a place, the end of a pause. */
export type AskDirectStart = (submission: Envelope<ServiceCallCommand>) => DirectStart | null

/** Asked once for each command of a call when it is about to be decided; nothing is started directly as long as nobody answers. */
export class DirectStarts extends Context.Service<
  DirectStarts,
  AnsweredLater<Envelope<ServiceCallCommand>, DirectStart>
>()("@dueline/contracts/DirectStarts") {
  static readonly layer = Layer.sync(DirectStarts, () => answeredLater<Envelope<ServiceCallCommand>, DirectStart>())
}
