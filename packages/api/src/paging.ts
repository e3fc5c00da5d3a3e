/** Turns cursors into marks and back, for one list. */
import type { BadRequest } from "@dueline/contracts/api/ProblemError"
import type { TenantId } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { Cursor } from "./Cursor.ts"
import type { MarkForm } from "./marks.ts"
import { reject } from "./reject.ts"

export const defaultLimit = 50

export interface Paging<Mark> {
  /** Null where the list begins. */
  readonly after: (
    tenantId: TenantId,
    about: unknown,
    cursor: string | undefined
  ) => Effect.Effect<Mark | null, BadRequest>
  readonly next: (tenantId: TenantId, about: unknown, mark: Mark | null) => string | null
}

export const makePaging = <Mark>({ read, write }: MarkForm<Mark>): Effect.Effect<Paging<Mark>, never, Cursor> =>
  Effect.map(Cursor, ({ open, seal }) => ({
    after: (tenantId, about, cursor) => {
      if (cursor === undefined) return Effect.succeed(null)
      const bytes = open(tenantId, about, cursor)
      return bytes === null ? foreign : Effect.succeed(read(bytes))
    },
    next: (tenantId, about, mark) => (mark === null ? null : seal(tenantId, about, write(mark)))
  }))

const foreign = reject(
  "invalid_cursor",
  "Start again without a cursor, or repeat the filter the cursor was issued for."
)
