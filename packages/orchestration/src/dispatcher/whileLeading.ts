/**
 * Does something for as long as this process has a lease, one process of all. A process that loses it
 * stops; one that was paused for longer than it lasts finds that out by its own clock, before its next step.
 */
import type { Leases } from "@dueline/contracts/ports/Leases"
import { logUnlessStoreTrouble } from "@dueline/contracts/storeTrouble"
import { Clock, Effect, Fiber, Option, type Scope } from "effect"

export interface Leadership {
  readonly name: string
  /** This process, under a name that no other has; a new one for every start. */
  readonly holder: string
  /** Milliseconds that the lease lasts without being extended: how long the others wait for one that died. */
  readonly ttlMs: number
  /** Milliseconds between two extensions. Several of them have to fail before it is lost. */
  readonly extendMs: number
  /** Milliseconds between two questions of one that does not have it. */
  readonly retryMs: number
}

/** Milliseconds that giving the lease back may take when the program stops; the others have it soon anyway. */
const releaseMs = 1_000

/** Runs `work` in a scope of its own each time the lease is won. `mayAct` is asked by it before each step that another might take too. */
export const whileLeading = (
  leases: Leases["Service"],
  { extendMs, holder, name, retryMs, ttlMs }: Leadership,
  work: (mayAct: () => boolean) => Effect.Effect<never, never, Scope.Scope>
): Effect.Effect<never> => {
  /** Until when the lease is ours, by our own clock (epoch ms). */
  let until = 0

  /** Asks for it; true when it is ours, false when it is another's, none when there was no answer in time. */
  const ask = Effect.fnUntraced(function* (patienceMs: number) {
    const askedAt = yield* Clock.currentTimeMillis
    const answer = yield* leases.take({ name, holder, ttlMs }).pipe(
      Effect.timeoutOption(patienceMs),
      Effect.catchCause((cause) =>
        Effect.as(logUnlessStoreTrouble("warning", "the lease cannot be asked for", cause), Option.none())
      )
    )
    if (Option.isSome(answer)) until = answer.value ? askedAt + ttlMs : 0
    return Option.getOrElse(answer, () => false)
  })

  const keep = Effect.gen(function* () {
    for (;;) {
      // Who is late does not ask: another may have done something meanwhile that this one knows nothing of.
      const left = until - (yield* Clock.currentTimeMillis)
      if (left <= 0) return
      yield* Effect.sleep(Math.min(extendMs, left))
      const stillLeft = until - (yield* Clock.currentTimeMillis)
      if (stillLeft > 0) yield* ask(stillLeft)
    }
  })

  const lead = Effect.gen(function* () {
    const clock = yield* Clock.Clock
    yield* Effect.annotateLogs(Effect.logInfo("takes over"), { lease: name, holder })
    const working = yield* Effect.forkChild(Effect.scoped(work(() => clock.currentTimeMillisUnsafe() < until)))
    yield* Effect.ensuring(keep, Fiber.interrupt(working))
    until = 0
    yield* Effect.annotateLogs(Effect.logWarning("has lost the lease and stops"), { lease: name, holder })
  })

  const turn = Effect.gen(function* () {
    if (yield* ask(ttlMs)) yield* lead
    else yield* Effect.sleep(retryMs)
  })

  const release = leases.release({ name, holder }).pipe(Effect.timeoutOption(releaseMs), Effect.ignore)
  return Effect.forever(turn).pipe(Effect.ensuring(release))
}

/** How the processes that may do something agree on which does it; null when there is one only. `holder` as above. */
export type Shared = { readonly leases: Leases["Service"]; readonly holder: string } | null

/** `work` in the process that leads, or in the only one there is. */
export const byOne = (
  shared: Shared,
  leadership: Omit<Leadership, "holder">,
  work: (mayAct: () => boolean) => Effect.Effect<never, never, Scope.Scope>
): Effect.Effect<never> =>
  shared === null
    ? Effect.scoped(work(() => true))
    : whileLeading(shared.leases, { ...leadership, holder: shared.holder }, work)
