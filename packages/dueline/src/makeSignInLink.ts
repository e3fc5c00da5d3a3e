/** Makes a link by which a person signs in to the console: once, within ten minutes. */
import type { EpochMillis, TenantId } from "@dueline/contracts/Ids"
import { Sessions } from "@dueline/contracts/ports/Sessions"
import { codeLifeMs, SessionId, sessionLives } from "@dueline/contracts/session/Session"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { drawSecret } from "@dueline/identity/sessionSecret"
import { Clock, Effect } from "effect"

export interface LinkRequest {
  /** The first is the one meant when a request names none. */
  readonly tenants: readonly [TenantId, ...Array<TenantId>]
  readonly subject: string
  /** Null: the scopes are all there is. */
  readonly roles: ReadonlyArray<string> | null
  readonly scopes: ReadonlyArray<string>
  /** Where browsers reach the edge. */
  readonly address: string
}

export const makeSignInLink = Effect.fnUntraced(function* (request: LinkRequest) {
  const sessions = yield* Sessions
  const { roles, scopes, subject, tenants } = request
  const [tenantId] = tenants
  const createdAt = (yield* Clock.currentTimeMillis) as EpochMillis
  const sessionId = SessionId.make(yield* randomUuidV7)
  const { digest, text } = drawSecret({ tenantId, sessionId })
  const { idleMs, wholeMs } = sessionLives.link
  const expiresAt = (createdAt + wholeMs) as EpochMillis
  const codeUntil = (createdAt + codeLifeMs) as EpochMillis
  yield* sessions.make(
    { tenantId, sessionId, subject, tenants, roles, scopes, way: "link", createdAt, expiresAt, idleMs },
    { kind: "code", digest },
    codeUntil
  )
  const url = `${request.address.replace(/\/$/u, "")}/console#code=${text}`
  return { url, code: text, session: sessionId, goodUntil: codeUntil }
})

/** Where a browser on this machine reaches a server that listens on every address. */
export const browserAddress = (address: string, publicUrl: URL | null): string =>
  publicUrl?.origin ?? address.replace(/^http:\/\/(?:0\.0\.0\.0|\[::\])(?=:|$)/u, "http://127.0.0.1")
