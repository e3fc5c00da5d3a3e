/**
 * What went wrong with a request, as the page tells it: a problem document, or no answer at all. Whether the edge answers, for the whole page: one
 * banner, and one way back to the sign-in.
 */
import type { FieldProblem, ProblemBody } from "@dueline/contracts/api/Problem"
import { Cause, Predicate, Schema } from "effect"
import { Atom } from "effect/reactivity"
import { signedOut } from "./session.ts"
import { registry } from "./useAtom.ts"

export interface Trouble {
  readonly kind: "offline" | "signed-out" | "forbidden" | "gone" | "changed" | "busy" | "refused" | "broken"
  readonly title: string
  readonly detail: string
  readonly code: string
  readonly correlationId: string | null
  readonly errors: ReadonlyArray<Pick<FieldProblem, "path" | "message">>
  readonly conflict: ProblemBody["conflict"] | null
  /** Whole seconds to wait before asking again, where the edge said so. */
  readonly retryAfter: number | null
}

/** As much of a problem as has to be there to be one. */
const Answer = Schema.Struct({
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  code: Schema.String,
  correlationId: Schema.String
})
const isAnswer = Schema.is(Answer)

const kinds: Readonly<Record<number, Trouble["kind"]>> = {
  401: "signed-out",
  403: "forbidden",
  404: "gone",
  412: "changed",
  429: "busy",
  503: "busy"
}

const nothingMore = { correlationId: null, errors: [], conflict: null, retryAfter: null } as const

const noAnswer: Trouble = {
  kind: "offline",
  title: "Dueline does not answer.",
  detail: "The program is stopped, starting, or cannot be reached from here. What is shown is as it was.",
  code: "no_answer",
  ...nothingMore
}

const unexpected = (detail: string): Trouble => ({
  kind: "broken",
  title: "The answer is not what this page expects.",
  detail: `${detail} Perhaps the program is of another version than this page: load the page again.`,
  code: "unexpected_answer",
  ...nothingMore
})

const isTransport = (error: unknown): boolean =>
  Predicate.isTagged(error, "HttpClientError") &&
  Predicate.hasProperty(error, "reason") &&
  Predicate.isTagged(error.reason, "TransportError")

export const troubleOf = (failure: unknown): Trouble => {
  const error = Cause.isCause(failure) ? Cause.squash(failure) : failure
  if (isTransport(error)) return noAnswer
  if (!isAnswer(error)) return unexpected(error instanceof Error ? error.message : "")
  const { code, correlationId, detail, status, title } = error
  const { conflict, errors, retryAfterSeconds } = error as Partial<ProblemBody> & {
    readonly retryAfterSeconds?: number | null
  }
  return {
    kind: kinds[status] ?? (status >= 500 ? "broken" : "refused"),
    title,
    detail,
    code,
    correlationId,
    errors: errors ?? [],
    conflict: conflict ?? null,
    retryAfter: retryAfterSeconds ?? null
  }
}

/** Since when it does not answer, in epoch milliseconds. */
export const offlineAtom = Atom.keepAlive(Atom.make<number | null>(null))

/** To be called with what became of every request. */
export const noticeTrouble = (trouble: Trouble | null): void => {
  const since = registry.get(offlineAtom)
  if (trouble?.kind === "offline") {
    if (since === null) registry.set(offlineAtom, Date.now())
  } else if (since !== null) registry.set(offlineAtom, null)
  if (trouble?.kind === "signed-out") signedOut("The session has ended: sign in again, and this page is shown.")
}
