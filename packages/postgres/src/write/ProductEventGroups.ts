/**
 * What several requests bring at once, stored in groups: one statement, one transaction, one flush for all of them. While a group is on its way
 * the next gathers, so that groups are as large as there is load, and a request alone does not wait. Tenants take turns.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { TooManyEvents } from "@dueline/contracts/ports/ProductEvents"
import { TenantLines } from "@dueline/contracts/TenantShares"
import { Deferred, Effect, Exit, FiberSet, type Scope } from "effect"

export interface GroupOptions {
  /** Groups on their way at once: the connections that are there for it. */
  readonly atOnce: number
  /** A group is closed when it has as many items; one entry may have more. */
  readonly items: number
  /** Entries that may wait, and of one tenant as many as there is room left. */
  readonly waiting: number
}

export const defaultGroupOptions: GroupOptions = { atOnce: 2, items: 1_000, waiting: 4_096 }

interface Waiting<Entry, A, E> {
  readonly entry: Entry
  readonly items: number
  readonly done: Deferred.Deferred<A, E>
  gone: boolean
}

/** `store` answers for each entry, in order. What breaks it for a reason of its own is tried alone, so that it takes nobody else's down. */
export const makeGroups = Effect.fnUntraced(function* <Entry, A, E>(
  options: GroupOptions,
  store: (entries: ReadonlyArray<Entry>) => Effect.Effect<ReadonlyArray<A>, E>
): Effect.fn.Return<
  (tenantId: TenantId, entry: Entry, items: number) => Effect.Effect<A, E | TooManyEvents>,
  never,
  Scope.Scope
> {
  const lines = new TenantLines<Waiting<Entry, A, E>>(options.waiting)
  const run = yield* FiberSet.makeRuntime<never>()
  let underWay = 0

  const gather = (): ReadonlyArray<Waiting<Entry, A, E>> => {
    const group: Array<Waiting<Entry, A, E>> = []
    for (let items = 0; items < options.items; ) {
      const next = lines.shift()
      if (next === undefined) break
      if (next.gone) continue
      group.push(next)
      items += next.items
    }
    return group
  }

  const settle = (group: ReadonlyArray<Waiting<Entry, A, E>>): Effect.Effect<void> =>
    Effect.flatMap(Effect.exit(store(group.map(({ entry }) => entry))), (exit) => {
      if (Exit.isFailure(exit) && group.length > 1 && exit.cause.reasons.some(({ _tag }) => _tag === "Die"))
        return Effect.forEach(group, (one) => settle([one]), { discard: true })
      return Effect.sync(() => {
        group.forEach(({ done }, index) => {
          Deferred.doneUnsafe(
            done,
            Exit.map(exit, (answers) => answers[index] as A)
          )
        })
      })
    })

  const work: Effect.Effect<void> = Effect.suspend(() => {
    const group = gather()
    if (group.length > 0) return Effect.andThen(settle(group), work)
    underWay -= 1
    return Effect.void
  })

  return (tenantId, entry, items) =>
    Effect.suspend((): Effect.Effect<A, E | TooManyEvents> => {
      const one: Waiting<Entry, A, E> = { entry, items, done: Deferred.makeUnsafe(), gone: false }
      if (!lines.push(tenantId, one)) return Effect.fail(new TooManyEvents())
      if (underWay < options.atOnce) {
        underWay += 1
        run(work)
      }
      return Effect.onInterrupt(Deferred.await(one.done), () =>
        Effect.sync(() => {
          one.gone = true
        })
      )
    })
})
