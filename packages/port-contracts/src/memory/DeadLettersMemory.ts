/** Dead letters in memory, for tests: the latest ones, and a way to look at them. */
import { bounded, reasonLimit, storableReason } from "@dueline/contracts/deadLetter"
import {
  type DeadLetter,
  DeadLetterId,
  type DeadLetterQueries,
  DeadLetters,
  type DeadLetterState,
  type LetterDetail,
  type LetterFilter,
  type LetterMark,
  type LetterSummary
} from "@dueline/contracts/ports/DeadLetters"
import type { BusMessage } from "@dueline/contracts/ports/EventBus"
import { Clock, Effect } from "effect"
import { copyOf, keyOf } from "./MemoryState.ts"

/** Letters that are kept; beyond these the oldest is forgotten. */
const capacity = 10_000

interface Kept {
  readonly id: DeadLetterId
  readonly message: BusMessage
  readonly group: string
  reasons: ReadonlyArray<{ readonly at: number | null; readonly error: string }>
  failures: number
  diedAt: number
  state: DeadLetterState
  replays: number
  replayJob: string | null
  replayedAt: number | null
}

const summaryOf = (letter: Kept): LetterSummary => ({
  id: letter.id,
  eventId: letter.message.eventId,
  streamId: letter.message.streamId,
  topic: letter.message.topic,
  group: letter.group,
  failures: letter.failures,
  reason: letter.reasons.at(-1)?.error ?? "",
  diedAt: letter.diedAt,
  state: letter.state,
  replays: letter.replays,
  replayJob: letter.replayJob,
  replayedAt: letter.replayedAt
})

const detailOf = (letter: Kept): LetterDetail =>
  copyOf({ ...summaryOf(letter), payload: letter.message.payload, attempts: letter.reasons })

const descending = (a: LetterMark, b: LetterMark): number =>
  b.diedAt - a.diedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0)

const matches = (letter: LetterSummary, { from, group, reason, state, to, topic }: LetterFilter): boolean =>
  (state === null || letter.state === state) &&
  (topic === null || letter.topic === topic) &&
  (group === null || letter.group === group) &&
  (reason === null || letter.reason.toLowerCase().includes(reason.toLowerCase())) &&
  (from === null || letter.diedAt >= from) &&
  (to === null || letter.diedAt < to)

/** An empty store, and what it holds, oldest first. */
export const make = ({ scanBudget = 1_000 }: { readonly scanBudget?: number } = {}) => {
  const letters = new Map<string, Kept>()
  let made = 0

  const add = ({ group, message, reasons }: DeadLetter, diedAt: number): void => {
    const key = keyOf(message.tenantId, `${message.eventId}/${group}`)
    const errors = bounded({ group, message, reasons }).reasons.map((error) => ({ at: null, error }))
    const known = letters.get(key)
    const { redelivery, ...original } = message
    if (known === undefined) {
      made += 1
      letters.set(key, {
        id: DeadLetterId.make(`00000000-0000-4000-8000-${made.toString(16).padStart(12, "0")}`),
        message: copyOf(original),
        group,
        reasons: errors,
        failures: reasons.length,
        diedAt,
        state: "Waiting",
        replays: 0,
        replayJob: null,
        replayedAt: null
      })
      const [oldest] = letters.keys()
      if (letters.size > capacity && oldest !== undefined) letters.delete(oldest)
      return
    }
    if (redelivery === undefined || redelivery.replay !== known.replays || known.state === "Waiting") return
    known.state = "Waiting"
    known.reasons = [...known.reasons, ...errors].slice(-reasonLimit)
    known.failures += reasons.length
    known.diedAt = diedAt
  }

  const of = (tenantId: string, id: DeadLetterId): Kept | undefined =>
    [...letters.values()].find((letter) => letter.id === id && letter.message.tenantId === tenantId)

  const service = DeadLetters.of({
    keep: (letter) => Effect.map(Clock.currentTimeMillis, (now) => add(letter, now)),
    take: ({ before, id, job, tenantId }) =>
      Effect.sync(() => {
        const letter = of(tenantId, id)
        if (letter === undefined) return null
        if (letter.state === "Waiting" && letter.diedAt <= before && letter.replayJob !== job) {
          letter.state = "Replaying"
          letter.replays += 1
          letter.replayJob = job
        }
        if (letter.replayJob !== job) return null
        return copyOf({ state: letter.state, message: letter.message, group: letter.group, replay: letter.replays })
      }),
    settle: ({ error, id, job, tenantId }) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const letter = of(tenantId, id)
        if (letter === undefined || letter.state !== "Replaying" || letter.replayJob !== job) return
        if (error === null) {
          letter.state = "Replayed"
          letter.replayedAt = now
          return
        }
        letter.state = "Waiting"
        letter.failures += 1
        letter.reasons = [...letter.reasons, { at: now, error: storableReason(error) }].slice(-reasonLimit)
      })
  })

  const queries: DeadLetterQueries["Service"] = {
    list: ({ after, filter, limit, tenantId }) =>
      Effect.sync(() => {
        const candidates = [...letters.values()]
          .filter(({ message }) => message.tenantId === tenantId)
          .map(summaryOf)
          .filter((letter) => after === null || descending(after, letter) < 0)
          .sort(descending)
        const found: Array<LetterSummary> = []
        let looked = 0
        for (const letter of candidates) {
          if (found.length >= limit || looked >= scanBudget) break
          looked += 1
          if (matches(letter, filter)) found.push(letter)
        }
        const last = candidates[looked - 1]
        const more = last !== undefined && looked < candidates.length
        return { letters: found, next: more ? { diedAt: last.diedAt, id: last.id } : null }
      }),
    find: (tenantId, id) =>
      Effect.sync(() => {
        const letter = of(tenantId, id)
        return letter === undefined ? null : detailOf(letter)
      })
  }

  return {
    letters: service,
    queries,
    /** When those that wait were given up; null: of all tenants. */
    waitingSince: (tenantId: string | null): ReadonlyArray<number> =>
      [...letters.values()]
        .filter(({ message, state }) => state === "Waiting" && (tenantId === null || message.tenantId === tenantId))
        .map(({ diedAt }) => diedAt),
    kept: (): ReadonlyArray<DeadLetter> =>
      [...letters.values()].map(({ group, message, reasons }) =>
        copyOf({ message, group, reasons: reasons.map(({ error }) => error) })
      )
  }
}
