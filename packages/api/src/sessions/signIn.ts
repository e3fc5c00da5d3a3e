/** Signing in at the identity provider: the browser is led there, and comes back with what becomes a session. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { Forbidden, NotFound, Unavailable } from "@dueline/contracts/api/ProblemError"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { SessionId, sessionLives } from "@dueline/contracts/session/Session"
import { type Person, SignInProvider } from "@dueline/identity/openid/SignInProvider"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { drawSecret } from "@dueline/identity/sessionSecret"
import { Clock, Effect, Option } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import { KnownTenants } from "../access/KnownTenants.ts"
import { escaped, problemReply, responseOf } from "../requests/answer.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { reject, storeUnavailable } from "../requests/refusal.ts"
import { CurrentSessionSettings, makeSessionNotes } from "./SessionAccess.ts"
import { clearedCookies, cookieIn, cookieOf } from "./sessionCookie.ts"

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

/** Why somebody cannot sign in: for a person who was led here a page, for everybody else the problem itself. */
const page = ({ correlationId, detail, title }: Forbidden | NotFound | Unavailable): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sign-in · Dueline</title></head>
<body><main><h1>${escaped(title)}</h1><p>${escaped(detail)}</p>
<p><a href="/console/sign-in">Sign in</a> · <a href="/console">Console</a></p><p>Reference: ${escaped(correlationId)}</p></main></body></html>
`

const headers = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff"
}

export const explained = (
  { headers: sent }: HttpServerRequest.HttpServerRequest,
  problem: Forbidden | NotFound | Unavailable
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  (sent["accept"] ?? "").includes("text/html")
    ? Effect.succeed(
        HttpServerResponse.text(page(problem), {
          status: problem.status,
          contentType: "text/html; charset=utf-8",
          headers: problem.status === 503 ? { ...headers, "retry-after": "5" } : headers
        })
      )
    : Effect.map(CurrentCorrelationId, (correlationId) =>
        responseOf(problemReply({ code: problem.code, detail: problem.detail }, correlationId))
      )

/** Where the identity provider leads the browser back to. Not an operation of the API: nobody calls it, and providers add what they like to it. */
export const layerCallback = HttpRouter.use(
  Effect.fnUntraced(function* (router) {
    const { finish } = yield* makeSignIn
    yield* router.add(
      "GET",
      callbackPath,
      Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) =>
        Effect.catch(finish(request), (problem) => explained(request, problem))
      )
    )
  })
)
