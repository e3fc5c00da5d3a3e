/** Tells who asks, by what the request brings: an access token, an API key, or the cookie of a session. */
import type { Principal } from "@dueline/contracts/api/Access"
import type { Forbidden, Unauthenticated, Unavailable } from "@dueline/contracts/api/ProblemError"
import { granted } from "@dueline/contracts/api/roles"
import type { Session } from "@dueline/contracts/session/Session"
import type { AccessToken } from "@dueline/identity/AccessToken"
import { keyPrefix } from "@dueline/identity/apiKeyText"
import { TokenVerifier } from "@dueline/identity/TokenVerifier"
import { Context, Effect, Layer, Option } from "effect"
import type { HttpServerRequest } from "effect/http"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { reject } from "../requests/refusal.ts"
import { cookieIn, isFromHere, isOwnHost } from "../sessions/sessionCookie.ts"
import { CurrentSessionSettings, SessionAccess, type SessionSettings } from "../sessions/SessionAccess.ts"
import { ApiKeyAccess, keySubject } from "./ApiKeyAccess.ts"
import { AuditNotes } from "./AuditNotes.ts"
import { type BearerReason, reasonOf } from "./refusedBearers.ts"

type Request = HttpServerRequest.HttpServerRequest

export type Asker = Pick<AccessToken, "tenantId" | "tenants" | "subject" | "scopes" | "conditional"> &
  Pick<Principal["Service"], "apiKey"> & {
    /** Epoch milliseconds; null: until it is taken back. */
    readonly expiresAt: number | null
    /** Of a person who signed in; null for a token or a key. */
    readonly session: Session | null
  }

export class Askers extends Context.Service<
  Askers,
  {
    /** `token`: that of `Authorization: Bearer`, empty where there is none. Which tenant is meant, and what is allowed, is not looked at. */
    readonly identify: (
      request: Request,
      token: string
    ) => Effect.Effect<Asker, Unauthenticated | Forbidden | Unavailable>
    /** The same by an access token or an API key alone. */
    readonly believe: (token: string) => Effect.Effect<Asker, Unauthenticated | Unavailable>
  }
>()("@dueline/api/Askers") {}

const unauthenticated = (detail: string) => reject("unauthenticated", detail)

const nobody = unauthenticated(
  "Send an access token, `Authorization: Bearer …`, or an API key, `X-Api-Key: dlk_…`; a person signs in at /console."
)

/** Somebody came with what opens nothing: why, and what is answered. */
interface BearerRefused {
  readonly _tag: "BearerRefused"
  readonly reason: BearerReason
  readonly answer: Effect.Effect<never, Unauthenticated>
}

const refused = (reason: BearerReason, detail: string): Effect.Effect<never, BearerRefused> =>
  Effect.fail({ _tag: "BearerRefused", reason, answer: unauthenticated(detail) })

const byToken = (verifier: TokenVerifier["Service"], token: string): Effect.Effect<AccessToken, BearerRefused> =>
  Effect.catch(verifier.verify(token), ({ claims, reason }) =>
    Effect.andThen(
      Effect.logDebug("token refused", { reason }),
      refused(
        reasonOf(reason),
        claims === undefined
          ? "The access token is not valid here. Get a new one."
          : `The access token has claims that cannot be read: ${claims}. Get one in which they are right.`
      )
    )
  )

const withoutKey = refused(
  "token_key_over",
  "The API key that the token was given for is revoked or has expired. Get a new one."
)

/** As `Authorization: Bearer` has it; empty where there is none. */
export const bearerOf = ({ headers }: Request): string =>
  /^bearer +(\S+) *$/iu.exec(headers["authorization"] ?? "")?.[1] ?? ""

/** As a bearer's token, in a header of its own, or as the name of a user without a password, which is what Segment's clients send. */
const keyIn = (token: string, headers: Readonly<Record<string, string | undefined>>): string | null => {
  if (token !== "") return token.startsWith(keyPrefix) ? token : null
  const own = headers["x-api-key"]
  if (own !== undefined) return own.trim()
  const basic = /^basic +([A-Za-z0-9+/]+={0,2}) *$/iu.exec(headers["authorization"] ?? "")?.[1]
  return basic === undefined ? null : (Buffer.from(basic, "base64").toString("latin1").split(":", 1)[0] ?? "")
}

/** One and the same for whatever is wrong: which keys there are is nobody's business. */
const badKey = refused(
  "api_key_refused",
  "The API key is not valid here: mistyped, expired, revoked, or never made. Get a new one."
)

const byKey = (keys: ApiKeyAccess["Service"], key: string): Effect.Effect<Asker, BearerRefused | Unavailable> =>
  Effect.flatMap(keys.open(key), (row) => {
    if (row === null) return badKey
    const { apiKeyId: id, expiresAt, scopes, tenantId, workspace } = row
    const apiKey = { id, workspace }
    return Effect.succeed({ tenantId, tenants: [], subject: keySubject(id), scopes, expiresAt, apiKey, session: null })
  })

export const foreignHost = reject(
  "foreign_origin",
  "This program was started for a trial: use it by the address that it printed, or name the host in DUELINE_PUBLIC_URL."
)

const foreignPage = reject(
  "foreign_origin",
  "A session's cookie counts for pages of this edge alone. Others send an access token, `Authorization: Bearer …`."
)

const badSession = refused(
  "session_over",
  "The session is over: it ended, was ended, or lay unused too long. Sign in again."
)

/** What a session allows now: roles may have changed since it began. */
export const askerOf = (session: Session, { roles }: Pick<SessionSettings, "roles">): Asker => ({
  tenantId: session.tenantId,
  tenants: session.tenants.filter((tenant) => tenant !== session.tenantId),
  subject: session.subject,
  ...granted(roles, { names: session.roles, scopes: session.scopes }),
  expiresAt: session.expiresAt,
  apiKey: null,
  session
})

export const layer: Layer.Layer<Askers, never, TokenVerifier | ApiKeyAccess | SessionAccess | AuditNotes> =
  Layer.effect(
    Askers,
    Effect.gen(function* () {
      const verifier = yield* TokenVerifier
      const keys = yield* ApiKeyAccess
      const sessions = yield* SessionAccess
      const settings = yield* CurrentSessionSettings
      const { refusedBearer } = yield* AuditNotes

      const bySession = (
        request: Request,
        secret: string
      ): Effect.Effect<Asker, BearerRefused | Forbidden | Unavailable> => {
        if (!isOwnHost(request.headers["host"], settings)) return foreignHost
        if (!isFromHere(request.method, request.headers, settings)) return foreignPage
        return Effect.flatMap(sessions.open(secret), (session) =>
          session === null ? badSession : Effect.succeed(askerOf(session, settings))
        )
      }

      /** A token is good as long as what it was given for. */
      const standing = Effect.fnUntraced(function* (access: AccessToken) {
        const { apiKeyId, sessionId, tenantId } = access
        if (apiKeyId !== null && (yield* keys.find(apiKeyId)) === null) return yield* withoutKey
        const session = sessionId === null || tenantId === null ? null : yield* sessions.find({ tenantId, sessionId })
        return sessionId !== null && session === null ? yield* badSession : { ...access, apiKey: null, session }
      })
      const bearing = (token: string) => Effect.flatMap(byToken(verifier, token), standing)

      const identified = (
        request: Request,
        token: string
      ): Effect.Effect<Asker, BearerRefused | Unauthenticated | Forbidden | Unavailable> => {
        const key = keyIn(token, request.headers)
        if (key !== null) return byKey(keys, key)
        if (token !== "") return bearing(token)
        // Whoever sends a header of its own, even a bad one, does not mean the cookie that the browser adds.
        const secret =
          (request.headers["authorization"] ?? "") === "" ? cookieIn("session", request.headers, settings) : null
        return secret === null ? nobody : bySession(request, secret)
      }

      return Askers.of({
        // Who asks about a token has not come with it: nothing is noted.
        believe: (token) =>
          Effect.catchTag(
            token.startsWith(keyPrefix) ? byKey(keys, token) : bearing(token),
            "BearerRefused",
            ({ answer }) => answer
          ),
        identify: (request, token) =>
          Effect.catchTag(identified(request, token), "BearerRefused", ({ answer, reason }) =>
            Effect.flatMap(CurrentCorrelationId, (correlationId) => {
              refusedBearer({ reason, address: Option.getOrElse(request.remoteAddress, () => ""), correlationId })
              return answer
            })
          )
      })
    })
  )
