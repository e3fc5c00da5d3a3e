/** `dueline api-key create`, `list` and `revoke`, and `dueline session list` and `end`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import type { ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import type { ApiKeyIssued, ApiKeyState, ApiKeyView } from "@dueline/contracts/apiKey/ApiKeyEndpoints"
import type { SessionId } from "@dueline/contracts/session/Session"
import { Effect } from "effect"
import { hint, print } from "../Shell.ts"
import { keysApi, sessionsApi } from "../calls/CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"

const issuedWords = ({ expiresAt, id, key, name, scopes, workspace }: ApiKeyIssued): string =>
  pairs([
    ["name", name],
    ["id", id],
    ["workspace", workspace],
    ["scopes", scopes.join(" ")],
    ["expires", expiresAt ?? "never"],
    ["key", key ?? "shown before: make another when it is lost"]
  ])

export const createKey = Effect.fnUntraced(function* (input: {
  readonly name: string
  readonly scopes: ReadonlyArray<string>
  readonly workspace: string | undefined
  readonly expiresIn: string | undefined
  readonly key: IdempotencyKey | undefined
}) {
  const { expiresIn, key, name, scopes, workspace } = input
  const api = yield* keysApi
  const { body } = yield* api.create({
    headers: withoutUndefined({ "idempotency-key": key }),
    payload: { name, scopes, ...withoutUndefined({ expiresIn, workspace }) }
  })
  yield* print(body, issuedWords)
  yield* hint("the key is not shown again")
})

const listWords = (items: ReadonlyArray<ApiKeyView>): string =>
  items.length === 0
    ? "no API keys"
    : table([
        ["NAME", "WORKSPACE", "STATUS", "LAST USED", "EXPIRES", "ID"],
        ...items.map(({ expiresAt, id, lastUsedAt, name, status, workspace }) => [
          name,
          workspace,
          status,
          lastUsedAt ?? "never",
          expiresAt ?? "never",
          id
        ])
      ])

export const listKeys = Effect.fnUntraced(function* ({ limit }: { readonly limit: number }) {
  const api = yield* keysApi
  const page = yield* api.list({ query: { limit } })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

export const revokeKey = Effect.fnUntraced(function* ({ id }: { readonly id: ApiKeyId }) {
  const api = yield* keysApi
  const { body } = yield* api.revoke({ params: { id }, headers: {} })
  yield* print(body, ({ name, status }: ApiKeyState) =>
    pairs([
      ["name", name],
      ["status", status]
    ])
  )
})

/** `dueline session list` and `end`. */
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
