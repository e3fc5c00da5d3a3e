/** Signing in at the identity provider: the browser is led there, and comes back with what becomes a session. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { SessionId, sessionLives } from "@dueline/contracts/session/Session"
import { type Person, SignInProvider } from "@dueline/identity/openid/SignInProvider"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { drawSecret } from "@dueline/identity/sessionSecret"
import { Clock, Effect, Option } from "effect"
import { type HttpServerRequest, HttpServerResponse } from "effect/http"
import { KnownTenants } from "../access/KnownTenants.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { reject } from "../requests/reject.ts"
import { clearedCookies, cookieIn, cookieOf } from "./sessionCookie.ts"
import { makeSessionNotes } from "./sessionNotes.ts"
import { CurrentSessionSettings } from "./SessionSettings.ts"

type Request = HttpServerRequest.HttpServerRequest

export const callbackPath = "/console/callback"
/** From leaving for the provider to coming back. */
const signInSeconds = 600
const unkept = { "cache-control": "no-store" }

const notConfigured = reject(
  "sign_in_not_configured",
  "No identity provider is configured (DUELINE_SIGN_IN). Get a link with `dueline console`, where the program runs."
)

const away = (detail: string) =>
  Effect.andThen(
    Effect.logWarning("nobody can sign in: the identity provider is not there", { why: detail }),
    reject(
      "sign_in_unavailable",
      "The identity provider does not answer. Who is signed in goes on; try again in a moment."
    )
  )

const refused = (detail: string) =>
  Effect.andThen(
    Effect.logInfo("a sign-in was refused", { why: detail }),
    reject(
      "sign_in_refused",
      "The identity provider, or what it says of you, does not let you in here. Sign in again, or ask whoever runs this installation."
    )
  )

const lost = reject(
  "sign_in_refused",
  "This sign-in was begun in another browser, or more than ten minutes ago. Sign in again."
)

export const makeSignIn = Effect.gen(function* () {
  const provider = Option.getOrNull(yield* Effect.serviceOption(SignInProvider))
  const settings = yield* CurrentSessionSettings
  const sessions = yield* Sessions
  const tenants = yield* KnownTenants
  const notes = yield* makeSessionNotes
  const { publicUrl } = settings

  const begin = Effect.gen(function* () {
    if (provider === null || publicUrl === null) return yield* notConfigured
    const begun = yield* provider.begin(new URL(callbackPath, publicUrl))
    return HttpServerResponse.empty({ status: 302, headers: { ...unkept, location: begun.url.href } }).pipe(
      HttpServerResponse.setCookiesUnsafe([cookieOf("sign-in", begun.kept, signInSeconds, {}, settings)])
    )
  }).pipe(Effect.catchTag("ProviderAway", ({ detail }) => away(detail)))

  const openSession = Effect.fnUntraced(function* ({ roles, scopes, subject, tenants: all }: Person) {
    const [tenantId] = all
    yield* tenants.require(tenantId)
    const createdAt = (yield* Clock.currentTimeMillis) as EpochMillis
    const sessionId = SessionId.make(yield* randomUuidV7)
    const { digest, text } = drawSecret({ tenantId, sessionId })
    const { idleMs, wholeMs } = sessionLives.openid
    const expiresAt = (createdAt + wholeMs) as EpochMillis
    const session = {
      tenantId,
      sessionId,
      subject,
      tenants: all,
      roles,
      scopes,
      way: "openid" as const,
      createdAt,
      expiresAt,
      idleMs
    }
    yield* sessions.make(session, { kind: "browser", digest }, null).pipe(Effect.catch(storeUnavailable))
    yield* notes.done("console.callback", session)
    yield* Effect.logInfo("signed in at the identity provider", { tenantId, sessionId })
    return cookieOf("session", text, Math.floor(wholeMs / 1_000), {}, settings)
  })

  const finish = Effect.fnUntraced(
    function* (request: Request) {
      if (provider === null || publicUrl === null) return yield* notConfigured
      const kept = cookieIn("sign-in", request.headers, settings)
      if (kept === null) return yield* lost
      const person = yield* provider.finish(new URL(request.url, publicUrl), kept)
      const cookie = yield* openSession(person)
      return HttpServerResponse.empty({ status: 302, headers: { ...unkept, location: "/console" } }).pipe(
        HttpServerResponse.setCookiesUnsafe([...clearedCookies("sign-in"), cookie])
      )
    },
    Effect.catchTags({ ProviderAway: ({ detail }) => away(detail), SignInRefused: ({ detail }) => refused(detail) })
  )

  return { begin, finish }
})
