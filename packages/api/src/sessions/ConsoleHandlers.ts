/** How a person signs in with a browser: a code becomes a cookie, and goes again. Who is signed in, as it is shown. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { whereText } from "@dueline/contracts/api/conditions"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import type { SignedIn } from "@dueline/contracts/session/SessionEndpoints"
import { drawSecret, readSecret } from "@dueline/identity/sessionSecret"
import { Clock, Effect, Layer } from "effect"
import { HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { type Asker, askerOf, Askers, bearerOf, foreignHost } from "../access/Askers.ts"
import { reject, storeUnavailable } from "../requests/refusal.ts"
import type { Raw } from "../resources/asking.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { CurrentSessionSettings, makeSessionNotes, SessionAccess } from "./SessionAccess.ts"
import { clearedCookies, cookieIn, cookieOf, isFromElsewhere, isFromHere, isOwnHost } from "./sessionCookie.ts"
import { explained, makeSignIn } from "./signIn.ts"

const unkept = { "cache-control": "no-store" }

/** One and the same for whatever is wrong with it. */
const badCode = reject(
  "unauthenticated",
  "The code is not valid here: mistyped, used before, or older than ten minutes. Get another link with `dueline console`."
)

const foreign = reject("foreign_origin", "A session begins and ends on pages of this edge alone.")

const makeOperations = Effect.gen(function* () {
  const askers = yield* Askers
  const sessions = yield* Sessions
  const access = yield* SessionAccess
  const settings = yield* CurrentSessionSettings
  const notes = yield* makeSessionNotes
  const { begin } = yield* makeSignIn

  const shown = (asker: Asker) => HttpServerResponse.jsonUnsafe(signedIn(asker), { headers: unkept })

  return {
    open: Effect.fnUntraced(function* ({ request }: Raw<"console", "open">) {
      const { headers } = request
      if (!isOwnHost(headers["host"], settings)) return yield* foreignHost
      if (isFromElsewhere(headers, settings)) return yield* foreign
      const code = readSecret(headers["x-dueline-code"]?.trim() ?? "")
      if (code === null) return yield* badCode
      const given = { kind: "code", digest: code.digest } as const
      // A look first: what nobody has is not worth a lock.
      const known = yield* sessions.find(code, given).pipe(Effect.catch(storeUnavailable))
      if (known === null) return yield* badCode
      const secret = drawSecret(code)
      const at = (yield* Clock.currentTimeMillis) as EpochMillis
      const next = { kind: "browser", digest: secret.digest } as const
      const { sessionId, tenantId } = code
      const exchanged = yield* sessions
        .exchange({ tenantId, sessionId, given, next, at })
        .pipe(Effect.catch(storeUnavailable))
      if (exchanged._tag !== "Exchanged") {
        yield* notes.refused("console.open", known, "code_used")
        return yield* badCode
      }
      const { session } = exchanged
      yield* notes.done("console.open", session)
      yield* Effect.logInfo("signed in by a link", { tenantId, sessionId })
      const maxAge = Math.max(0, Math.floor((session.expiresAt - at) / 1_000))
      return HttpServerResponse.setCookiesUnsafe(shown(askerOf(session, settings)), [
        cookieOf("session", secret.text, maxAge, headers, settings)
      ])
    }),
    read: Effect.fnUntraced(function* ({ request }: Raw<"console", "read">) {
      return shown(yield* askers.identify(request, bearerOf(request)))
    }),
    close: Effect.fnUntraced(function* ({ request }: Raw<"console", "close">) {
      const secret = cookieIn("session", request.headers, settings)
      const key = secret === null ? null : readSecret(secret)
      if (!isOwnHost(request.headers["host"], settings)) return yield* foreignHost
      if (key !== null) {
        if (!isFromHere(request.method, request.headers, settings)) return yield* foreign
        const held = yield* sessions
          .find(key, { kind: "browser", digest: key.digest })
          .pipe(Effect.catch(storeUnavailable))
        const at = (yield* Clock.currentTimeMillis) as EpochMillis
        if (held !== null) yield* sessions.end(key, "signed-out", at).pipe(Effect.catch(storeUnavailable))
        if (held !== null) {
          yield* access.ended(key)
          yield* notes.done("console.close", held)
        }
      }
      const response = HttpServerResponse.empty({ status: 204, headers: unkept })
      return HttpServerResponse.setCookiesUnsafe(response, clearedCookies("session"))
    }),
    signIn: ({ request }: Raw<"console", "sign-in">) => Effect.catch(begin, (problem) => explained(request, problem))
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { close, open, read, signIn } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "console", (handlers) =>
        handlers.handleRaw("open", open).handleRaw("read", read).handleRaw("close", close).handleRaw("sign-in", signIn)
      )
    )
  })
)

/** What is allowed for some resources only. */
const forSome = (conditional: NonNullable<Asker["conditional"]>) =>
  [...conditional].map(([scope, { allow, deny }]) => ({
    scope,
    allow: allow.map(whereText),
    deny: deny.map(whereText)
  }))

export const signedIn = ({ conditional, expiresAt, scopes, session, subject, tenantId, tenants }: Asker): SignedIn => ({
  subject,
  tenants: tenantId === null ? tenants : [tenantId, ...tenants.filter((tenant) => tenant !== tenantId)],
  tenant: tenantId,
  roles: session?.roles ?? [],
  permissions: scopes,
  ...(conditional === undefined || conditional.size === 0 ? {} : { forSome: forSome(conditional) }),
  expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
  session: session?.sessionId ?? null,
  way: session?.way ?? null
})
