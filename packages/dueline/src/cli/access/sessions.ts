/** `dueline session list` and `end`. */
import type { SessionId } from "@dueline/contracts/session/Session"
import { Effect } from "effect"
import { sessionsApi } from "../calls/CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { table } from "../format.ts"
import { hint, print } from "../Shell.ts"

export const listSessions = Effect.fnUntraced(function* (input: {
  readonly limit: number
  readonly cursor: string | undefined
}) {
  const api = yield* sessionsApi
  const page = yield* api.list({ query: withoutUndefined(input) })
  yield* print(page, ({ items }) =>
    items.length === 0
      ? "no sessions"
      : table([
          ["ID", "WHO", "STATUS", "BY", "HELD BY", "SINCE", "USED", "ENDED"],
          ...items.map(({ createdAt, endedBy, holder, id, status, subject, usedAt, way }) => [
            id,
            subject,
            status,
            way,
            holder,
            createdAt,
            usedAt,
            endedBy ?? "-"
          ])
        ])
  )
  if (page.nextCursor !== null) yield* hint(`there are more: --cursor ${page.nextCursor}`)
})

export const endSession = Effect.fnUntraced(function* ({ id }: { readonly id: SessionId }) {
  const api = yield* sessionsApi
  const ended = yield* api.end({ params: { id } })
  yield* print(ended, ({ id: which, subject }) => `${which}  ${subject}  over`)
  yield* hint("other processes refuse it within five seconds")
})
