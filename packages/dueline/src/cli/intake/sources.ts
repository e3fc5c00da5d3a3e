/** `dueline source create`, `list` and `rotate`. */
import type { CourierSourceIssued, CourierSourceView } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { Effect } from "effect"
import { sourcesApi } from "../calls/CallsApi.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"
import { readContent } from "../calls/readContent.ts"
import { schemeOf } from "./schemeOf.ts"
import { CommandFailed, hint, print } from "../Shell.ts"

/** As it was written, without the line break that editors put at the end. */
const secretIn = Effect.fnUntraced(function* (text: string | undefined) {
  return text === undefined ? undefined : (yield* readContent(text)).replace(/\r?\n$/u, "")
})

const issuedWords = ({ id, links, name, secret }: CourierSourceIssued): string =>
  pairs([
    ["source", name],
    ["id", id],
    ["events", links.events],
    ["secret", secret ?? "shown before: rotate it when it is lost"]
  ])

export const createSource = Effect.fnUntraced(function* (input: {
  readonly name: string
  readonly scheme: string
  readonly secret: string | undefined
  readonly toleranceMs: number | undefined
  readonly key: IdempotencyKey | undefined
}) {
  const { key, name, toleranceMs } = input
  const scheme = yield* schemeOf(input.scheme)
  const secret = yield* secretIn(input.secret)
  const api = yield* sourcesApi
  const { body } = yield* api.create({
    headers: withoutUndefined({ "idempotency-key": key }),
    payload: { name, scheme, ...withoutUndefined({ toleranceMs, secret }) }
  })
  yield* print(body, issuedWords)
  yield* hint("the secret is not shown again")
})

const listWords = (items: ReadonlyArray<CourierSourceView>): string =>
  items.length === 0
    ? "no courier sources"
    : table([
        ["NAME", "STATUS", "SECRETS", "EVENTS"],
        ...items.map(({ links, name, secrets, status }) => [name, status, String(secrets.length), links.events])
      ])

export const listSources = Effect.fnUntraced(function* ({ limit }: { readonly limit: number }) {
  const api = yield* sourcesApi
  const page = yield* api.list({ query: { limit } })
  yield* print(page, ({ items }) => listWords(items))
  if (page.nextCursor !== null) yield* hint("there are more: --limit")
})

export const rotateSecret = Effect.fnUntraced(function* (input: {
  readonly name: string
  readonly secret: string | undefined
  readonly overlap: string | undefined
  readonly key: IdempotencyKey | undefined
}) {
  const { key, name, overlap } = input
  const secret = yield* secretIn(input.secret)
  const api = yield* sourcesApi
  const { items } = yield* api.list({ query: { name } })
  const [source] = items
  if (source === undefined) return yield* new CommandFailed({ message: `There is no courier source "${name}"` })
  const { body } = yield* api.rotate({
    params: { id: source.id },
    headers: withoutUndefined({ "idempotency-key": key }),
    payload: withoutUndefined({ overlap, secret })
  })
  yield* print(body, issuedWords)
  yield* hint("the secret is not shown again")
})
