/**
 * Where people sign in: an OpenID Connect provider, by authorization code with PKCE. While it is gone nobody signs in, and who is signed in
 * goes on.
 */
import type { TenantId } from "@dueline/contracts/Ids"
import { PlainText } from "@dueline/contracts/api/Wire"
import { schemaWords } from "@dueline/contracts/api/schemaWords"
import { Context, type Effect, Result, Schema } from "effect"
import { ClaimMapping, IssuerUrl, SpeaksFor, speaksForSome } from "../outside/IssuerSettings.ts"

/** Who has signed in. */
export interface Person {
  readonly subject: string
  /** At least one; the first is meant when a request names none. */
  readonly tenants: readonly [TenantId, ...Array<TenantId>]
  /** Null: the scopes are all there is. */
  readonly roles: ReadonlyArray<string> | null
  readonly scopes: ReadonlyArray<string>
}

/** What the browser keeps between leaving for the provider and coming back: nobody else needs it, and without it nothing can be finished. */
export interface Begun {
  readonly url: URL
  readonly kept: string
}

/** `detail`: for people; holds no secret. */
export class ProviderAway extends Schema.TaggedError<ProviderAway>()("ProviderAway", { detail: Schema.String }) {}
export class SignInRefused extends Schema.TaggedError<SignInRefused>()("SignInRefused", { detail: Schema.String }) {}

export class SignInProvider extends Context.Service<
  SignInProvider,
  {
    /** `callback`: where the provider leads the browser back to. */
    readonly begin: (callback: URL) => Effect.Effect<Begun, ProviderAway>
    /** `callback`: as it came, with what the provider has added. */
    readonly finish: (callback: URL, kept: string) => Effect.Effect<Person, ProviderAway | SignInRefused>
  }
>()("@dueline/identity/openid/SignInProvider") {}

/** The OpenID Connect provider at which people sign in, as the setting names it. */
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
