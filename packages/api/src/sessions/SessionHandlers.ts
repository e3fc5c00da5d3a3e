/** Sessions over HTTP: listed and ended, one's own by everybody, those of a tenant by its admins. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { builtinRoles, conditionsOf, permissionsOf } from "@dueline/contracts/api/roles"
import { formatInstant } from "@dueline/contracts/api/Wire"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { isLive, type Session, type SessionId } from "@dueline/contracts/session/Session"
import type { RolePage, SessionView } from "@dueline/contracts/session/SessionEndpoints"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { notFound, reject, storeUnavailable } from "../requests/refusal.ts"
import { now, type Raw } from "../resources/asking.ts"
import { defaultLimit, makePaging, rowMark } from "../resources/paging.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { CurrentSessionSettings, makeSessionNotes, SessionAccess } from "./SessionAccess.ts"

const viewOf = (session: Session, current: SessionId | null, at: number): SessionView => ({
  id: session.sessionId,
  subject: session.subject,
  status: isLive(session, at) ? "Live" : "Over",
  tenants: session.tenants,
  roles: session.roles,
  way: session.way,
  // One whose code waits is not listed; ended by its id, nothing holds it.
  holder: session.holder ?? "browser",
  current: session.sessionId === current,
  createdAt: formatInstant(session.createdAt),
  usedAt: formatInstant(session.usedAt),
  expiresAt: formatInstant(session.expiresAt),
  endedAt: session.endedAt === null ? null : formatInstant(session.endedAt),
  endedBy: session.endedBy,
  links: { self: `/v1/sessions/${session.sessionId}` }
})

const code = "session_not_found"
const missing = reject(code, notFound(code).advice)

/** Null: those of everybody. */
const whose = ({ scopes, subject }: Principal["Service"]): string | null =>
  scopes.includes("ops:sessions.write") ? null : subject

const makeOperations = Effect.gen(function* () {
  const sessions = yield* Sessions
  const access = yield* SessionAccess
  const notes = yield* makeSessionNotes
  const paging = yield* makePaging(rowMark)
  const { roles } = yield* CurrentSessionSettings
  const known: RolePage = {
    items: [...roles].map(([name, role]) => ({
      name,
      builtIn: Object.hasOwn(builtinRoles, name),
      permissions: permissionsOf(role),
      forSome: [...conditionsOf(role).keys()]
    }))
  }
  return {
    roles: Effect.succeed(known),
    list: Effect.fnUntraced(function* ({ query }: Raw<"sessions", "list">) {
      const principal = yield* Principal
      const { tenantId } = principal
      const subject = whose(principal)
      const about = { list: "sessions", subject }
      const after = yield* paging.after(tenantId, about, query.cursor)
      const { limit = defaultLimit } = query
      const page = yield* sessions.list({ tenantId, subject, after, limit }).pipe(Effect.catch(storeUnavailable))
      const at = yield* now
      const current = principal.session?.sessionId ?? null
      return {
        items: page.sessions.map((session) => viewOf(session, current, at)),
        nextCursor: paging.next(tenantId, about, page.next)
      }
    }),
    end: Effect.fnUntraced(function* ({ params }: Raw<"sessions", "end">) {
      const principal = yield* Principal
      const key = { tenantId: principal.tenantId, sessionId: params.id }
      const found = yield* sessions.find(key, null).pipe(Effect.catch(storeUnavailable))
      const subject = whose(principal)
      if (found === null || (subject !== null && found.subject !== subject)) return yield* missing
      const at = yield* now
      const current = principal.session?.sessionId ?? null
      const by = params.id === current ? "signed-out" : "ended"
      const ended = yield* sessions.end(key, by, at).pipe(Effect.catch(storeUnavailable))
      if (ended === null) return yield* missing
      yield* access.ended(key)
      yield* notes.done("sessions.end", ended, principal.subject)
      return viewOf(ended, current, at)
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { end, list, roles } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "sessions", (handlers) =>
        handlers
          .handle("list", list)
          .handle("end", end)
          .handle("roles", () => roles)
      )
    )
  })
)
