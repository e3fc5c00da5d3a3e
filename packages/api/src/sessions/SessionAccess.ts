/** Tells whose a session is, and whether it is live; what the composition says about sign-in; and what is noted of sessions for the audit log. */
import type { EpochMillis, StreamId, TenantId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"
import type { Unavailable } from "@dueline/contracts/api/ProblemError"
import { builtinRoles, type Roles } from "@dueline/contracts/api/roles"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { type SessionKey, Sessions, type SessionUse } from "@dueline/contracts/ports/Sessions"
import { isLive, type Session, type SessionId } from "@dueline/contracts/session/Session"
import { randomCorrelationId, randomUuidV7 } from "@dueline/identity/randomId"
import { readSecret } from "@dueline/identity/sessionSecret"
import { Cache, Clock, Context, Duration, Effect, Exit, FiberSet, Layer } from "effect"
import { AuditNotes } from "../access/AuditNotes.ts"
import { makeNotes } from "../access/notedUses.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { storeUnavailable } from "../requests/refusal.ts"

/** How long a session that was ended by another process may go on in this one when the bus has told nobody. */
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
    /** Comes back when the session is over, for an answer that lasts: when it is told, and asked for every five seconds, which is no use of it. */
    readonly over: (key: SessionKey) => Effect.Effect<void>
    /** This process has just ended it, and tells the others. Nobody waits for them. */
    readonly ended: (key: SessionKey) => Effect.Effect<void>
  }
>()("@dueline/api/SessionAccess") {}

const nameOf = ({ sessionId, tenantId }: SessionKey): string => `${tenantId}/${sessionId}`

/** What is asked for as one text, by which it is remembered. `digest`: of the secret; empty for the session whatever it is held by. */
const question = (key: SessionKey, digest: string): string => `${nameOf(key)}/${digest}`

const ask = (sessions: Sessions["Service"], asked: string): Effect.Effect<Session | null, StoreUnavailable> => {
  const [tenantId, sessionId, digest] = asked.split("/") as [TenantId, SessionId, string]
  return sessions.find({ tenantId, sessionId }, digest === "" ? null : { kind: "browser", digest })
}

/** Said by the process that ended it, to those that are there. Of no kind's topics: it is in no outbox, and subscriptions do not have it. */
const endedTopic = "session.ended"

export const layer: Layer.Layer<SessionAccess, never, Sessions | EventBus> = Layer.effect(
  SessionAccess,
  Effect.gen(function* () {
    const sessions = yield* Sessions
    const note = yield* makeNotes<SessionUse>("sessions", nameOf, sessions.used)
    const bus = yield* EventBus
    const tell = yield* FiberSet.makeRuntime<never>()
    const ended = new Recent<string, true>(limit)
    /** Answers that last as long as their session. */
    const waiting = new Set<(name: string) => void>()
    const end = (name: string) =>
      Effect.sync(() => {
        ended.set(name, true)
        for (const heard of waiting) heard(name)
      })
    yield* listen(bus, `sessions-${yield* randomCorrelationId}`, [endedTopic], ({ streamId, tenantId }) =>
      end(nameOf({ tenantId, sessionId: streamId as string as SessionId }))
    )
    const told = (key: SessionKey) =>
      Effect.callback<void>((resume) => {
        const heard = (name: string) => {
          if (name === nameOf(key)) resume(Effect.void)
        }
        waiting.add(heard)
        return Effect.sync(() => waiting.delete(heard))
      })
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
          Effect.asVoid,
          Effect.raceFirst(told(key))
        ),
      ended: Effect.fnUntraced(function* (key) {
        yield* end(nameOf(key))
        const { sessionId, tenantId } = key
        const streamId = sessionId as string as StreamId
        tell(
          bus.publish({ eventId: yield* randomUuidV7, tenantId, streamId, topic: endedTopic, payload: null }).pipe(
            Effect.catch(({ cause }) =>
              Effect.logDebug("the bus does not take that a session ended; other processes find out by themselves", {
                reason: String(cause)
              })
            )
          )
        )
      })
    })
  })
)

/** What the composition says about sign-in: where browsers reach the edge, what roles there are, and whether this is a trial. */
export interface SessionSettings {
  /** Where browsers reach the edge, when that is known; the address itself tells otherwise. */
  readonly publicUrl: URL | null
  /** What names of roles in sessions stand for. */
  readonly roles: Roles
  /** In a trial on one machine: only these hosts are answered where a session is in play, against names that are rebound to this machine. */
  readonly ownHostsOnly: boolean
}

export const CurrentSessionSettings = Context.Reference<SessionSettings>("@dueline/api/CurrentSessionSettings", {
  defaultValue: () => ({ publicUrl: null, roles: new Map(Object.entries(builtinRoles)), ownHostsOnly: false })
})

/** What is noted of sessions for the audit log: they are no aggregates, hence in no event. */
type Noted = Pick<Session, "sessionId" | "subject" | "tenantId">

/** `by`: who did it, where that is not the session's person. */
export const makeSessionNotes = Effect.map(AuditNotes, ({ note }) => {
  const noted = (outcome: "done" | "refused", code: string | null) => (action: string, session: Noted, by?: string) =>
    Effect.map(CurrentCorrelationId, (correlationId) =>
      note({
        tenantId: session.tenantId,
        actor: { kind: outcome === "done" ? "user" : "unknown", id: by ?? session.subject },
        action,
        resource: session.sessionId,
        outcome,
        code,
        correlationId
      })
    )
  return {
    done: noted("done", null),
    refused: (action: string, session: Noted, code: string) => noted("refused", code)(action, session)
  }
})
