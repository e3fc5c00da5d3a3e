/** Rows as they were, for reads with `asOf`. */
import type { NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { parseAsOf } from "@dueline/contracts/api/Wire"
import type { Category, ReadModelRow } from "@dueline/contracts/kinds"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import { TimeTravel } from "@dueline/contracts/ports/TimeTravel"
import { Effect } from "effect"
import { storeUnavailable } from "./refusal.ts"

type RowOf<Tag> = Extract<ReadModelRow, { readonly _tag: Tag }>

/** `missing`: what is answered when there was no such thing then, or never. */
export const makeAsOf = <Tag extends ReadModelRow["_tag"]>(
  category: Category,
  tag: Tag,
  missing: Effect.Effect<never, NotFound>
) =>
  Effect.map(
    TimeTravel,
    (past) =>
      (tenantId: TenantId, id: string, text: string): Effect.Effect<RowOf<Tag>, NotFound | Unavailable> =>
        Effect.flatMap(
          past
            .at({ tenantId, category, streamId: id as StreamId, asOf: parseAsOf(text) })
            .pipe(Effect.catch(storeUnavailable)),
          (row) => (row?._tag === tag ? Effect.succeed(row as RowOf<Tag>) : missing)
        )
  )
