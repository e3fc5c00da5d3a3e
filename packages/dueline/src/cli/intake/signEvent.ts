/** `dueline event sign`. */
import { keyOf, signRequest } from "@dueline/secrets/requestSignature"
import { Clock, Effect } from "effect"
import { headersOf, readContent } from "../calls/readContent.ts"
import { schemeOf } from "./schemeOf.ts"
import { print, usage } from "../Shell.ts"

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
