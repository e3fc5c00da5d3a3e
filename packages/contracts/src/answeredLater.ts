/** Ways from those who start first to those who need them: a question that is asked before there is anybody to answer it. */
import { Effect, type Scope } from "effect"

export interface AnsweredLater<Question, Answer> {
  /** Null as long as nobody answers, too. */
  readonly ask: (question: Question) => Answer | null
  /** Says who answers, until the scope ends. One at a time. */
  readonly by: (answer: (question: Question) => Answer | null) => Effect.Effect<void, never, Scope.Scope>
}

export const answeredLater = <Question, Answer>(): AnsweredLater<Question, Answer> => {
  const nobody = (_: Question): Answer | null => null
  let current = nobody
  return {
    ask: (question) => current(question),
    by: (answer) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          current = answer
        }),
        () =>
          Effect.sync(() => {
            current = nobody
          })
      )
  }
}
