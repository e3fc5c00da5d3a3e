/** What a session of a person is: who signed in, what that allows, how long it lasts, and what ended it. */
import { Schema } from "effect"
import { EpochMillis, TenantId, uuid } from "../Ids.ts"

export const SessionId = uuid.pipe(Schema.brand("SessionId"))
export type SessionId = typeof SessionId.Type

/** How the person showed who they are: by a link with a code that is good once, or at an OpenID Connect provider. */
export const SignInWay = Schema.Literals(["link", "openid"])
export type SignInWay = typeof SignInWay.Type

/** What holds the session: a browser by its cookie, or a client by refresh tokens. */
export const SessionHolder = Schema.Literals(["browser", "client"])
export type SessionHolder = typeof SessionHolder.Type

/** `signed-out`: by whoever holds it. `ended`: by its person elsewhere or an admin. `reused`: a refresh token that was replaced came again. */
export const SessionEnd = Schema.Literals(["signed-out", "ended", "reused"])
export type SessionEnd = typeof SessionEnd.Type

export const Session = Schema.Struct({
  /** Under which it is kept; the one meant when a request names none. */
  tenantId: TenantId,
  sessionId: SessionId,
  subject: Schema.String,
  /** All that the person may choose, the one above among them. */
  tenants: Schema.Array(TenantId),
  /** Null: the scopes are all there is. */
  roles: Schema.NullOr(Schema.Array(Schema.String)),
  scopes: Schema.Array(Schema.String),
  way: SignInWay,
  createdAt: EpochMillis,
  /** However much it is used. */
  expiresAt: EpochMillis,
  /** How long it may lie unused, in milliseconds. */
  idleMs: Schema.Int,
  /** Null until somebody has exchanged the code. */
  holder: Schema.NullOr(SessionHolder),
  /** To about a minute. */
  usedAt: EpochMillis,
  endedAt: Schema.NullOr(EpochMillis),
  endedBy: Schema.NullOr(SessionEnd)
})
export type Session = typeof Session.Type

/** Whether it lets anybody in at this time. */
export const isLive = (
  { endedAt, expiresAt, idleMs, usedAt }: Pick<Session, "endedAt" | "expiresAt" | "idleMs" | "usedAt">,
  at: number
): boolean => endedAt === null && at < expiresAt && at - usedAt < idleMs

const day = 86_400_000

/** How long sessions last: after a link, and after a sign-in at a provider, who is to be asked again what the person may do. */
export const sessionLives = {
  link: { wholeMs: 30 * day, idleMs: day },
  openid: { wholeMs: day / 2, idleMs: day / 2 }
} as const satisfies Record<SignInWay, { readonly wholeMs: number; readonly idleMs: number }>

/** How long a code is good for. */
export const codeLifeMs = 600_000

/** A refresh token that was replaced is good for this long after: two tabs may ask at once, or an answer be lost. */
export const refreshGraceMs = 10_000
/** A refresh token is exchanged so many times at the most within that time. */
export const maxExchanges = 32
/** Replaced refresh tokens of a session that are known again when they come. */
export const rememberedSecrets = 256
/** Sessions that are over are shown for this long. */
export const shownMs = 7 * day
