/** Sign-in by `openid-client`. The provider is asked for its configuration when somebody signs in, at most once an hour. */
import { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Cache, type Context, Duration, Effect, Exit, Layer, Result } from "effect"
import * as openid from "openid-client"
import { readStanding } from "../outside/outsideClaims.ts"
import { ProviderAway, SignInProvider, SignInRefused, type SignInSettings } from "./SignInProvider.ts"

const configurationFor = Duration.hours(1)
/** After a failure it is asked again this much later at the soonest, however many sign in. */
const failureFor = Duration.seconds(2)
const answerTimeoutMs = 5_000
const maxBytes = 262_144

class Unreachable extends Error {}

const bodyOf = (body: openid.FetchBody): string | Uint8Array | null => {
  if (body === null || body === undefined) return null
  if (typeof body === "string" || body instanceof Uint8Array) return body
  return body instanceof URLSearchParams ? body.toString() : null
}

const methods = { GET: "GET", POST: "POST" } as const

/** As the library wants to fetch, through the client that is bounded and reaches the provider alone. */
const fetchBy =
  (client: HttpClient["Service"], context: Context.Context<never>): openid.CustomFetch =>
  async (url, { body, headers, method }) => {
    const result = await Effect.runPromiseWith(context)(
      client.send({
        method: methods[method as keyof typeof methods],
        url,
        headers,
        body: bodyOf(body),
        timeoutMs: answerTimeoutMs,
        maxResponseBytes: maxBytes,
        wanted: () => true
      })
    )
    if (result._tag !== "Answered") throw new Unreachable(result.detail)
    if (result.truncated) throw new Unreachable(`the answer is longer than ${maxBytes} bytes`)
    return new Response(result.status === 204 ? null : new Uint8Array(result.body), {
      status: result.status,
      headers: result.headers
    })
  }

const chain = (error: unknown): ReadonlyArray<unknown> =>
  error instanceof Error && error.cause !== undefined ? [error, ...chain(error.cause)] : [error]

/** What others have thrown, in words for the log; their messages hold no token. */
const wordsOf = (error: unknown): string =>
  chain(error)
    .map((one) => (one instanceof Error ? one.message : "unreadable"))
    .join(": ")
    .slice(0, 300)

/** The provider is not there, or answers nothing that can be read; else what it says is no good. */
const isAway = (error: unknown): boolean =>
  chain(error).some(
    (one) =>
      one instanceof Unreachable ||
      (one instanceof openid.ClientError && /RESPONSE_IS_NOT_(?:JSON|CONFORM)|TIMEOUT/u.test(one.code ?? "")) ||
      (one instanceof openid.ResponseBodyError && one.status >= 500)
  )

const separator = "."

const makeKept = (): { readonly state: string; readonly nonce: string; readonly verifier: string } => ({
  state: openid.randomState(),
  nonce: openid.randomNonce(),
  verifier: openid.randomPKCECodeVerifier()
})

/** The claims that the mapping asks for may stand in the ID token or at the provider's address for them. */
const hasAll = ({ claims }: SignInSettings, found: Readonly<Record<string, unknown>>): boolean =>
  [claims.tenant, claims.roles, claims.scopes].every(
    (path) => path === undefined || Object.hasOwn(found, typeof path === "string" ? path : (path[0] ?? ""))
  )

const make = (settings: SignInSettings) =>
  Effect.gen(function* () {
    const client = yield* HttpClient
    const context = yield* Effect.context<never>()
    const { clientId, clientSecret, issuer } = settings
    const secret = clientSecret === undefined ? openid.None() : openid.ClientSecretPost(clientSecret)
    const discover = Effect.tryPromise({
      try: () =>
        openid.discovery(new URL(issuer), clientId, undefined, secret, {
          [openid.customFetch]: fetchBy(client, context),
          execute: [
            openid.enableNonRepudiationChecks,
            ...(new URL(issuer).protocol === "http:" ? [openid.allowInsecureRequests] : [])
          ]
        }),
      catch: (error) => new ProviderAway({ detail: wordsOf(error) })
    })
    const cache = yield* Cache.makeWith((_: "configuration") => discover, {
      capacity: 1,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? configurationFor : failureFor)
    })
    const configuration = Cache.get(cache, "configuration")

    const claimsOf = async (known: openid.Configuration, callback: URL, kept: string) => {
      const [state = "", nonce = "", verifier = ""] = kept.split(separator)
      const tokens = await openid.authorizationCodeGrant(known, callback, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true
      })
      const claims: Readonly<Record<string, unknown>> & { readonly sub: string } = tokens.claims() ?? { sub: "" }
      if (hasAll(settings, claims) || known.serverMetadata().userinfo_endpoint === undefined) return claims
      return { ...(await openid.fetchUserInfo(known, tokens.access_token, claims.sub)), ...claims }
    }

    return SignInProvider.of({
      begin: Effect.fnUntraced(function* (callback: URL) {
        const known = yield* configuration
        const { nonce, state, verifier } = makeKept()
        const challenge = yield* Effect.promise(() => openid.calculatePKCECodeChallenge(verifier))
        const url = openid.buildAuthorizationUrl(known, {
          redirect_uri: callback.href,
          scope: ["openid", ...(settings.scope === undefined ? [] : [settings.scope])].join(" "),
          state,
          nonce,
          code_challenge: challenge,
          code_challenge_method: "S256"
        })
        return { url, kept: [state, nonce, verifier].join(separator) }
      }),
      finish: Effect.fnUntraced(function* (callback: URL, kept: string) {
        const known = yield* configuration
        const claims = yield* Effect.tryPromise({
          try: () => claimsOf(known, callback, kept),
          catch: (error) =>
            isAway(error) ? new ProviderAway({ detail: wordsOf(error) }) : new SignInRefused({ detail: wordsOf(error) })
        })
        const read = readStanding(settings, claims)
        if (Result.isFailure(read))
          return yield* new SignInRefused({ detail: read.failure.claims ?? read.failure.reason })
        const { roles, scopes, subject, tenants } = read.success
        const [first, ...others] = tenants
        if (first === undefined) return yield* new SignInRefused({ detail: "no tenant" })
        return { subject, tenants: [first, ...others], roles, scopes }
      })
    })
  })

export const layer = (settings: SignInSettings): Layer.Layer<SignInProvider, never, HttpClient> =>
  Layer.effect(SignInProvider, make(settings))
