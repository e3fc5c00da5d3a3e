/** `dueline dlq list`, `show` and `replay`. */
import type { DeadLetterSummary, DeadLetterView } from "@dueline/contracts/api/DeadLetterEndpoints"
import type { DeadLetterId, DeadLetterState } from "@dueline/contracts/ports/DeadLetters"
import { Effect } from "effect"
import { jobsApi, lettersApi } from "../calls/CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { followJob } from "../calls/jobs.ts"
import { hint, print } from "../Shell.ts"

export interface ListLetters {
  readonly topic: string | undefined
  readonly group: string | undefined
  readonly reason: string | undefined
  readonly from: string | undefined
  readonly to: string | undefined
  readonly state: DeadLetterState | undefined
  readonly limit: number
  readonly cursor: string | undefined
}

const listWords = (items: ReadonlyArray<DeadLetterSummary>): string =>
  items.length === 0
    ? "no dead letters"
    : table([
        ["ID", "STATE", "DIED", "GROUP", "TOPIC", "FAILED", "REASON"],
        ...items.map(({ diedAt, failures, group, id, reason, state, topic }) => [
          id,
          state,
          diedAt,
          group,
          topic,
          String(failures),
          reason.slice(0, 80)
        ])
      ])

export const listLetters = Effect.fnUntraced(function* (input: ListLetters) {
  const api = yield* lettersApi
  const page = yield* api.list({ query: withoutUndefined(input) })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint(`there are more: --cursor ${page.nextCursor}`)
})

const letterWords = (letter: DeadLetterView): string => {
  const about = pairs([
    ["id", letter.id],
    ["state", letter.state],
    ["topic", letter.topic],
    ["group", letter.group],
    ["about", letter.streamId],
    ["event", letter.eventId],
    ["died", letter.diedAt],
    ["failed", `${letter.failures} times`],
    ["replays", String(letter.replays)],
    ["replayed", letter.replayedAt],
    ["job", letter.links.job]
  ])
  const attempts = table([["AT", "WHY"], ...letter.attempts.map(({ at, error }) => [at ?? "-", error])])
  return `${about}\n\n${attempts}\n\n${JSON.stringify(letter.payload, null, 2)}`
}

export const showLetter = Effect.fnUntraced(function* ({ id }: { readonly id: DeadLetterId }) {
  const api = yield* lettersApi
  yield* print(yield* api.get({ params: { id } }), letterWords)
})

export const replayLetter = Effect.fnUntraced(function* ({ id }: { readonly id: DeadLetterId }) {
  const api = yield* lettersApi
  const { body } = yield* api.replay({ params: { id } })
  yield* followJob(yield* jobsApi, body.id)
})
