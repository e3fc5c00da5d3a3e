/**
 * One while pending: of the calls of a key that have not begun there is at most one. The calls of a key are numbered; the next number is asked for
 * only when the writer has said of the one before that it has begun, which stays so, and what is asked of a number is decided by its writer. So two
 * numbers are never pending together, whoever asks at the same time.
 */
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { CallQueries } from "@dueline/contracts/ports/Queries"
import { Recent } from "@dueline/contracts/Recent"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { pendingCallId } from "@dueline/identity/derivedId"
import { Effect } from "effect"

/** A worker had it, or it has ended. */
const hasBegun = (row: ServiceCallRow | null): boolean => row !== null && (row.status !== "Scheduled" || row.epoch > 0)

/** Keys whose number is remembered, so that mostly one call is looked at. */
const remembered = 10_000
/** Calls of one key that begin while one submission is under way, until it is refused. */
export const triesLimit = 10

export const makePendingCalls = ({ find }: CallQueries["Service"]) => {
  /** The highest number that is known to have begun. */
  const begun = new Recent<string, number>(remembered)
  const nameOf = (tenantId: TenantId, key: string) => `${tenantId}/${key}`

  const note = (tenantId: TenantId, key: string, number: number): void => {
    const name = nameOf(tenantId, key)
    begun.set(name, Math.max(number, begun.get(name) ?? 0))
  }

  /** The first number that has not begun, as far as is committed: all before it have. Found in steps that double, then halve. */
  const current = Effect.fnUntraced(function* (tenantId: TenantId, key: string) {
    const isBegun = (number: number) => Effect.map(find(tenantId, pendingCallId(tenantId, key, number)), hasBegun)
    let low = begun.get(nameOf(tenantId, key)) ?? 0
    let high = low + 1
    for (let step = 1; yield* isBegun(high); step *= 2) {
      low = high
      high = low + step
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (yield* isBegun(middle)) low = middle
      else high = middle
    }
    note(tenantId, key, low)
    return high
  })

  /** Asks the writer of one number after the other, until it is not told that this one has begun. */
  const submit = <A, E extends { readonly _tag: string }>(
    tenantId: TenantId,
    key: string,
    ask: (callId: ServiceCallId) => Effect.Effect<A, E>
  ) =>
    Effect.gen(function* () {
      let left = triesLimit
      for (;;) {
        const number = yield* current(tenantId, key)
        const asked = yield* Effect.result(ask(pendingCallId(tenantId, key, number)))
        if (asked._tag === "Success") return asked.success
        left -= 1
        if (asked.failure._tag !== "ServiceCallBegun" || left === 0) return yield* Effect.fail(asked.failure)
        note(tenantId, key, number)
      }
    })

  return { submit }
}
