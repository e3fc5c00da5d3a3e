/** Whether the asker may do this to this resource, where that depends on its attributes: its tags, and who made it. */
import { Principal } from "@dueline/contracts/api/Access"
import { type Conditions, decide } from "@dueline/contracts/api/conditions"
import type { Forbidden, NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import type { Actor } from "@dueline/contracts/Envelope"
import type { ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { EventSource } from "@dueline/contracts/ports/History"
import { Effect } from "effect"
import { Details } from "../calls/Details.ts"
import { reject, storeUnavailable } from "../requests/refusal.ts"

export const notForThis = (scope: string): Effect.Effect<never, Forbidden> =>
  reject(
    "insufficient_scope",
    `Your roles give the scope ${scope} for some resources, and not for all that this touches.`
  )

/** Who asks, for what. */
export interface Asking {
  readonly tenantId: TenantId
  readonly subject: string
  readonly where: Conditions
}

/** A resource; of a kind that has no tags they are empty. */
export interface Touched {
  readonly id: string
  readonly tags: ReadonlyArray<string>
}

/** Pages that one answer reads at the most, to find what its asker may see among what others made. */
const maxPages = 10
const pageSize = 200

const isBy = ({ id, kind }: Actor, subject: string): boolean => kind === "user" && id === subject

/** The one place that tells whose something is: whoever asked for its first event made it. Whoever may do it for everything costs nothing. */
export const makeAttributes = Effect.gen(function* () {
  const events = yield* EventSource

  /** Those of these that the conditions hold of. `absent`: whether what has no first event, as it is not there, counts as the asker's own. */
  const open = Effect.fnUntraced(function* (
    { subject, tenantId, where }: Asking,
    all: ReadonlyArray<Touched>,
    absent: boolean
  ) {
    const verdicts = new Map(all.map(({ id, tags }) => [id, decide(where, { tenantId, tags, own: null })]))
    const unsure = all.filter(({ id }) => verdicts.get(id) === "depends")
    if (unsure.length > 0) {
      const makers = yield* events
        .makers(
          tenantId,
          unsure.map(({ id }) => id)
        )
        .pipe(Effect.catch(storeUnavailable))
      for (const { id, tags } of unsure) {
        const maker = makers.get(id)
        const own = maker === undefined ? absent : isBy(maker, subject)
        verdicts.set(id, decide(where, { tenantId, tags, own }))
      }
    }
    return new Set(all.flatMap(({ id }) => (verdicts.get(id) === "yes" ? [id] : [])))
  })

  /** What is not there counts as the asker's own, who would make it, or is told that there is none. */
  const isOpen = (asking: Asking, one: Touched) => Effect.map(open(asking, [one], true), (ids) => ids.has(one.id))

  /** Before the asker does something to it. */
  const demand = Effect.fnUntraced(function* (scope: string, tenantId: TenantId, one: Touched) {
    const { subject, where } = yield* Principal
    if (where !== undefined && !(yield* isOpen({ tenantId, subject, where }, one))) return yield* notForThis(scope)
  })

  /**
   * A page of what the asker may see: as many pages of the store as it takes, up to a bound. Then it may hold less than was asked for, even
   * nothing, and still have a next one.
   */
  const shownPage = Effect.fnUntraced(function* <Row, Mark, E, R>(
    read: (after: Mark | null, limit: number) => Effect.Effect<Page<Row, Mark>, E, R>,
    { after, limit }: { readonly after: Mark | null; readonly limit: number },
    touched: (row: Row) => Touched,
    markOf: (row: Row) => Mark
  ) {
    const { subject, tenantId, where } = yield* Principal
    if (where === undefined) return yield* read(after, limit)
    const rows: Array<Row> = []
    let next = after
    for (let n = 0; n < maxPages; n += 1) {
      const page = yield* read(next, pageSize)
      const seen = yield* open({ tenantId, subject, where }, page.rows.map(touched), false)
      for (const row of page.rows.filter((one) => seen.has(touched(one).id))) {
        rows.push(row)
        if (rows.length === limit) return { rows, next: markOf(row) }
      }
      next = page.next
      if (next === null) break
    }
    return { rows, next }
  })

  return { isOpen, demand, shownPage }
})

interface Page<Row, Mark> {
  readonly rows: ReadonlyArray<Row>
  readonly next: Mark | null
}

/** For calls, whose tags are in their rows. */
export const makeCallChecks = Effect.gen(function* () {
  const details = yield* Details
  const { demand, shownPage } = yield* makeAttributes

  return {
    shownPage,
    /** Before what a handler does to the call of its address. */
    checked:
      (scope: "ops:calls.read" | "ops:calls.write") =>
      <Asked extends { readonly params: { readonly id: string } }, A, E, R>(
        handler: (asked: Asked) => Effect.Effect<A, E, R>
      ) =>
      (asked: Asked): Effect.Effect<A, E | Forbidden | NotFound | Unavailable, R | Principal> =>
        Effect.gen(function* () {
          const { tenantId, where } = yield* Principal
          if (where !== undefined) {
            const { callId, tags } = yield* details.row(tenantId, asked.params.id as ServiceCallId)
            yield* demand(scope, tenantId, { id: callId, tags })
          }
          return yield* handler(asked)
        })
  }
})
