/** Whether the asker may do this to this resource, where that depends on its attributes. */
import { Principal } from "@dueline/contracts/api/Access"
import { decide } from "@dueline/contracts/api/conditions"
import type { Forbidden, NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import type { Actor } from "@dueline/contracts/Envelope"
import type { ServiceCallId } from "@dueline/contracts/Ids"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { Effect } from "effect"
import { Details } from "../calls/Details.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { reject } from "../requests/reject.ts"

export const notForThis = (scope: string): Effect.Effect<never, Forbidden> =>
  reject(
    "insufficient_scope",
    `Your roles give the scope ${scope} for some resources, and not for all that this touches.`
  )

const isBy = ({ id, kind }: Actor, subject: string): boolean => kind === "user" && id === subject

/** For calls: whoever may do it for all of them costs nothing. */
export const makeCallChecks = Effect.gen(function* () {
  const details = yield* Details
  const queries = yield* CallQueries

  const rowIsFor = Effect.fnUntraced(function* ({ callId, tags, tenantId }: ServiceCallRow) {
    const { subject, where } = yield* Principal
    if (where === undefined) return true
    const decided = decide(where, { tenantId, tags, own: null })
    if (decided !== "depends") return decided === "yes"
    const [first] = yield* queries
      .history({ tenantId, callId, after: 0, limit: 1 })
      .pipe(Effect.catch(storeUnavailable))
    const own = first !== undefined && isBy(first.metadata.actor, subject)
    return decide(where, { tenantId, tags, own }) === "yes"
  })

  return {
    /** Those of a page. Who made them is not looked at. */
    shown: (rows: ReadonlyArray<ServiceCallRow>) =>
      Effect.map(Principal, ({ where }) =>
        where === undefined
          ? rows
          : rows.filter(({ tags, tenantId }) => decide(where, { tenantId, tags, own: null }) === "yes")
      ),
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
            const row = yield* details.row(tenantId, asked.params.id as ServiceCallId)
            if (!(yield* rowIsFor(row))) return yield* notForThis(scope)
          }
          return yield* handler(asked)
        })
  }
})
