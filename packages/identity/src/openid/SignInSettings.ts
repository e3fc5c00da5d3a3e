/** The OpenID Connect provider at which people sign in, as the setting names it. */
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { PlainText } from "@dueline/contracts/api/Wire"
import { Result, Schema } from "effect"
import { ClaimMapping, IssuerUrl, SpeaksFor, speaksForSome } from "../outside/IssuerSettings.ts"

const Text = (most: number) => PlainText.check(Schema.isMinCodePoints(1), Schema.isMaxCodePoints(most))

const Provider = Schema.Struct({
  /** Where `/.well-known/openid-configuration` is, and `iss` of its tokens. */
  issuer: IssuerUrl,
  /** Under which this installation is known there, as a web application with the redirect address `<DUELINE_PUBLIC_URL>/console/callback`. */
  clientId: Text(255),
  /** Without one: a public client, which PKCE alone protects. */
  clientSecret: Schema.optionalKey(Text(1_000)),
  /** What else is asked for beside `openid`, where claims need it. */
  scope: Schema.optionalKey(Text(1_000)),
  claims: ClaimMapping,
  tenants: SpeaksFor,
  /** Further hosts that it answers on: `keys.example`, `keys.example:8443`. */
  hosts: Schema.optionalKey(Schema.Array(Text(255)).check(Schema.isMaxLength(8)))
}).check(Schema.makeFilter(speaksForSome))

export type SignInSettings = typeof Provider.Type

const example =
  '{"issuer":"https://id.example","clientId":"dueline","clientSecret":"…","claims":{"tenant":"tenant_id","roles":"roles"},"tenants":"*"}'

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`not JSON; write ${example}`)
  }
}

/** Empty: none. Throws an error that names every mistake. */
export const readSignIn = (text: string): SignInSettings | null => {
  if (text.trim() === "") return null
  const decoded = Schema.decodeUnknownResult(Provider, { errors: "all", onExcessProperty: "error" })(parse(text))
  if (Result.isSuccess(decoded)) return decoded.success
  const words = schemaWords(decoded.failure.issue).issues.map(({ message, path = [] }) =>
    `${path.map(String).join(".")} ${message}`.trim()
  )
  throw new Error(words.join("; "))
}

/** Whether it is reached without TLS, which is for trying things out. */
export const isPlainProvider = ({ issuer }: SignInSettings): boolean => new URL(issuer).protocol === "http:"
