/** `dueline outbox list`, `show` and `retry`: in the database itself, since what waits there is the installation's and no tenant's. */
import type { StreamId } from "@dueline/contracts/Ids"
import type { Database } from "@dueline/postgres/Database"
import {
  retryWaiting,
  type WaitingDetail,
  waitingMessage,
  waitingMessages
} from "@dueline/postgres/admin/waitingMessages"
import { Clock, Effect, Option } from "effect"
import * as Configuration from "../../Configuration.ts"
import { noteCommand } from "../audit/noteCommand.ts"
import { pairs, relative, table } from "../format.ts"
import { CommandFailed, print, Shell } from "../Shell.ts"
import { openDatabase } from "./openDatabase.ts"

const opened = <A, E>(use: Effect.Effect<A, E, Database>) =>
  Effect.gen(function* () {
    const settings = yield* Configuration.read((yield* Shell).env)
    return yield* Effect.provide(use, openDatabase(settings))
  })

export interface ListOutbox {
  readonly topic: string | undefined
  readonly failing: boolean
  readonly limit: number
}

export const listOutbox = Effect.fnUntraced(function* (asked: ListOutbox) {
  const found = yield* opened(waitingMessages(asked))
  const now = yield* Clock.currentTimeMillis
  yield* print(found, ({ entries, topics }) =>
    topics.length === 0
      ? "nothing waits for the bus"
      : [
          table([
            ["TOPIC", "WAITING", "FAILING", "OLDEST"],
            ...topics.map(({ failing, oldest, topic, waiting }) => [
              topic,
              String(waiting),
              String(failing),
              relative(oldest, now)
            ])
          ]),
          "",
          table([
            ["ID", "SINCE", "TOPIC", "FAILED", "NEXT", "REASON"],
            ...entries.map(({ failures, id, reason, retryAt, since, topic }) => [
              id,
              relative(since, now),
              topic,
              String(failures),
              retryAt === null ? "-" : relative(retryAt, now),
              (reason ?? "-").slice(0, 80)
            ])
          ])
        ].join("\n")
  )
})

const inWords = (message: WaitingDetail): string => {
  const about = pairs([
    ["event", message.id],
    ["topic", message.topic],
    ["tenant", message.tenantId],
    ["about", message.streamId],
    ["since", new Date(message.since).toISOString()],
    ["failed", `${message.failures} times`],
    ["next", message.retryAt === null ? null : new Date(message.retryAt).toISOString()]
  ])
  const attempts = table([
    ["AT", "WHY"],
    ...message.attempts.map(({ at, error }) => [new Date(at).toISOString(), error])
  ])
  return `${about}\n\n${attempts}\n\n${JSON.stringify(message.payload, null, 2)}`
}

const missing = new CommandFailed({
  message: "no such message waits",
  notes: ["it was delivered, or given up: dueline dlq list --group outbox"]
})

export const showWaiting = Effect.fnUntraced(function* ({ id }: { readonly id: StreamId }) {
  const message = yield* opened(waitingMessage(id))
  if (message === null) return yield* missing
  yield* print(message, inWords)
})

export const retryOutbox = Effect.fnUntraced(function* (asked: { readonly id: Option.Option<StreamId> }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const id = Option.getOrNull(asked.id)
  const retried = yield* opened(
    Effect.gen(function* () {
      if (id !== null && (yield* waitingMessage(id)) === null) return yield* missing
      return yield* retryWaiting(id)
    })
  )
  if (retried > 0) yield* noteCommand(settings, { action: "outbox.retry", resource: id })
  yield* print({ retried }, () => (retried === 0 ? "nothing waits for a next attempt" : `${retried} to be tried now`))
})
