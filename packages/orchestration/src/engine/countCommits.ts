/** Counts what the writers commit. Additions to fields: every command of the program passes here. */
import type { Commit, CommitConflict, RuleBroken, StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import type { Counter, TenantCounter } from "@dueline/contracts/telemetry/Instruments"
import type { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Cause, type Clock, Effect, Exit, Option } from "effect"

type Committing = Effect.Effect<void, CommitConflict | RuleBroken | StoreUnavailable>

/** `measured`: the commit of a batch of so many commands about this kind of aggregate, counted too once it is durable. `count`: what another kind's commit had of it. */
export const countCommits = (metrics: Metrics, clock: Clock.Clock, category: string) => {
  const { accepted, callsFailed, commitCommands, commitDuration, commitFailures, events, ordersScheduled, retries } =
    metrics
  const ofTenants: ReadonlyMap<string, TenantCounter> = new Map([
    ["ServiceCallFailed", callsFailed],
    ["RetryScheduled", retries],
    ["OrderScheduled", ordersScheduled]
  ])
  const taken = accepted.of(category)
  /** By type: all of these commits are of one kind. */
  const types = new Map<string, Counter>()

  const count = (commits: ReadonlyArray<Commit>): void => {
    for (const { events: stored, expectedVersion, tenantId } of commits) {
      if (expectedVersion === 0 && stored.length > 0) taken.add(tenantId)
      for (const { type } of stored) {
        let counter = types.get(type)
        if (counter === undefined) {
          counter = events.of(category, type)
          types.set(type, counter)
        }
        counter.add()
        ofTenants.get(type)?.add(tenantId)
      }
    }
  }

  const measured = (commands: number, commits: ReadonlyArray<Commit>, committing: Committing): Committing =>
    Effect.suspend(() => {
      const from = clock.monotonicTimeNanosUnsafe()
      return Effect.onExit(committing, (exit) =>
        Effect.sync(() => {
          commitDuration.observe(Number(clock.monotonicTimeNanosUnsafe() - from) / 1e9)
          if (Exit.isSuccess(exit)) {
            commitCommands.observe(commands)
            count(commits)
          } else commitFailures.of(reasonOf(exit.cause)).add()
        })
      )
    })
  return { count, measured }
}

const reasonOf = (cause: Cause.Cause<{ readonly _tag: string }>): string =>
  Option.match(Cause.findErrorOption(cause), { onNone: () => "defect", onSome: ({ _tag }) => _tag })
