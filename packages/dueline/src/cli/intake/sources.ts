/** `dueline source create`, `list` and `rotate`. */
import type { IdempotencyKey } from "@dueline/contracts/Ids"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import type { CourierSourceIssued, CourierSourceView } from "@dueline/contracts/courierSource/CourierSourceEndpoints"
import { SchemePreset, schemePresets, SignatureScheme } from "@dueline/contracts/courierSource/SignatureScheme"
import { keyOf, signRequest } from "@dueline/secrets/requestSignature"
import { Clock, Effect, Schema } from "effect"
import { CommandFailed, hint, print, usage } from "../Shell.ts"
import { sourcesApi } from "../calls/CallsApi.ts"
import { headersOf, readContent } from "../calls/requestFlags.ts"
import { withoutUndefined } from "../flags.ts"
import { pairs, table } from "../format.ts"

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

/** `dueline event sign`. */
export const signEvent = Effect.fnUntraced(function* (input: {
  readonly scheme: string
  readonly secret: string
  readonly body: string
  readonly headers: ReadonlyArray<string>
}) {
  const scheme = yield* schemeOf(input.scheme)
  const secret = (yield* readContent(input.secret)).replace(/\r?\n$/u, "")
  if (keyOf(scheme, secret) === null) return yield* usage("--secret has not the form that the scheme asks for")
  const body = new TextEncoder().encode(yield* readContent(input.body))
  const given = Object.entries((yield* headersOf(input.headers)) ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    value
  ])
  const at = yield* Clock.currentTimeMillis
  // The sender's own name of the delivery is signed by some schemes; where none was given, one of ours stands for it.
  const named = scheme.delivery === null ? {} : { [scheme.delivery]: `dueline-${at}` }
  const headers = signRequest(scheme, secret, { at, body, headers: { ...named, ...Object.fromEntries(given) } })
  yield* print(headers, (each) =>
    Object.entries(each)
      .map(([name, value]) => `${name}: ${value}`)
      .join("\n")
  )
})

/** The scheme that a flag names: one that is known, or one in JSON from a file. */
const isPreset = Schema.is(SchemePreset)
const decode = Schema.decodeUnknownEffect(Schema.fromJsonString(SignatureScheme), { errors: "all" })

export const schemeOf = Effect.fnUntraced(function* (text: string) {
  if (isPreset(text)) return schemePresets[text]
  if (!text.startsWith("@"))
    return yield* usage(`There is no scheme "${text}"`, `choose one of ${SchemePreset.literals.join(", ")}, or @file`)
  return yield* Effect.catchTag(decode(yield* readContent(text)), "SchemaError", ({ issue }) =>
    usage(
      `${text.slice(1)} holds no scheme`,
      ...schemaWords(issue).issues.map(({ message, path = [] }) => `${path.map(String).join(".") || "it"}: ${message}`)
    )
  )
})
