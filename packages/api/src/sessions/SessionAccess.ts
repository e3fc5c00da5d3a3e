/**
 * Tells whose a session is, and whether it is live. What was found is remembered for five seconds: so long after it ended elsewhere it may go
 * on here. One that ended here is known at once.
 */
import type { Unavailable } from "@dueline/contracts/api/ProblemError"
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { type SessionKey, Sessions, type SessionUse } from "@dueline/contracts/ports/Sessions"
import { Recent } from "@dueline/contracts/Recent"
import { isLive, type Session, type SessionId } from "@dueline/contracts/session/Session"
import { readSecret } from "@dueline/identity/sessionSecret"
import { Cache, Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { makeNotes } from "../access/notedUses.ts"
import { storeUnavailable } from "../requests/refusal.ts"

/** How long a session that was ended by another process may go on in this one. */
const foundFor = Duration.seconds(5)
/** Sessions remembered. */
const limit = 10_000

export class SessionAccess extends Context.Service<
  SessionAccess,
  {
    /** The session that a browser holds by this secret; null for whatever is wrong with it. */
    readonly open: (secret: string) => Effect.Effect<Session | null, Unavailable>
    /** The session of an access token; null when it is over. */
    readonly find: (key: SessionKey) => Effect.Effect<Session | null, Unavailable>
    /** Comes back when the session is over, for an answer that lasts: asked for every five seconds, which is no use of it. */
    readonly over: (key: SessionKey) => Effect.Effect<void>
    /** This process has just ended it. */
    readonly forget: (key: SessionKey) => void
  }
>()("@dueline/api/SessionAccess") {}

const nameOf = ({ sessionId, tenantId }: SessionKey): string => `${tenantId}/${sessionId}`

/** What is asked for as one text, by which it is remembered. `digest`: of the secret; empty for the session whatever it is held by. */
const question = (key: SessionKey, digest: string): string => `${nameOf(key)}/${digest}`

const ask = (sessions: Sessions["Service"], asked: string): Effect.Effect<Session | null, StoreUnavailable> => {
  const [tenantId, sessionId, digest] = asked.split("/") as [TenantId, SessionId, string]
  return sessions.find({ tenantId, sessionId }, digest === "" ? null : { kind: "browser", digest })
}

export const layer: Layer.Layer<SessionAccess, never, Sessions> = Layer.effect(
  SessionAccess,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const note = yield* makeNotes<SessionUse>("sessions", nameOf, sessions.used)
    const ended = new Recent<string, true>(limit)
    // Many requests of one session ask the store once.
    const found = yield* Cache.makeWith((asked: string) => ask(sessions, asked), {
      capacity: limit,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? foundFor : Duration.zero)
    })
    const peek = Effect.fnUntraced(function* (key: SessionKey, digest: string) {
      if (ended.has(nameOf(key))) return null
      const session = yield* Cache.get(found, question(key, digest)).pipe(Effect.catch(storeUnavailable))
      const at = (yield* Clock.currentTimeMillis) as EpochMillis
      return session === null || session.holder === null || !isLive(session, at) ? null : session
    })
    const look = Effect.fnUntraced(function* (key: SessionKey, digest: string) {
      const session = yield* peek(key, digest)
      if (session === null) return null
      const at = (yield* Clock.currentTimeMillis) as EpochMillis
      yield* note({ tenantId: session.tenantId, sessionId: session.sessionId, at })
      return session
    })
    return SessionAccess.of({
      open: (secret) => {
        const key = readSecret(secret)
        return key === null ? Effect.succeed(null) : look(key, key.digest)
      },
      find: (key) => look(key, ""),
      over: (key) =>
        Effect.sleep(foundFor).pipe(
          // While the store is away nobody can say, and the answer goes on.
          Effect.andThen(Effect.orElseSucceed(peek(key, ""), () => key)),
          Effect.repeat({ until: (session) => session === null }),
          Effect.asVoid
        ),
      forget: (key) => {
        ended.set(nameOf(key), true)
      }
    })
  })
)
