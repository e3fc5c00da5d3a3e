/**
 * Sessions of people, and the digests of what they are held by: a code that is good once, the secret in a browser's cookie, or a chain of
 * refresh tokens, each of which is replaced by the next. No secret itself is here.
 */
import { Context, type Effect } from "effect"
import type { EpochMillis, TenantId } from "../Ids.ts"
import type { Session, SessionEnd, SessionHolder, SessionId } from "../session/Session.ts"
import type { StoreUnavailable } from "./Persistence.ts"

export type SecretKind = "code" | SessionHolder

export interface SessionSecret {
  readonly kind: SecretKind
  /** SHA-256 of the secret's whole text in base64url. The text has 256 random bits, so that nothing is found out from it. */
  readonly digest: string
}

export interface SessionKey {
  readonly tenantId: TenantId
  readonly sessionId: SessionId
}

export type NewSession = Omit<Session, "holder" | "usedAt" | "endedAt" | "endedBy">

export interface Exchange extends SessionKey {
  readonly given: SessionSecret
  readonly next: SessionSecret & { readonly kind: SessionHolder }
  readonly at: EpochMillis
}

export type Exchanged =
  /** The next secret holds the session. */
  | { readonly _tag: "Exchanged"; readonly session: Session }
  /** A secret that had been replaced before the grace: somebody else has it. The session has ended. */
  | { readonly _tag: "Reused"; readonly session: Session }
  /** There is no such secret, it was used, or the session is over. */
  | { readonly _tag: "Refused" }

export interface SessionMark {
  /** Epoch milliseconds. */
  readonly createdAt: number
  readonly id: string
}

export interface SessionUse extends SessionKey {
  readonly at: EpochMillis
}

export class Sessions extends Context.Service<
  Sessions,
  {
    /** Forgets at the same time some of the tenant's that have been over for longer than they are shown. `codeUntil`: the end of a code's life. */
    readonly make: (
      session: NewSession,
      secret: SessionSecret,
      codeUntil: EpochMillis | null
    ) => Effect.Effect<void, StoreUnavailable>
    /** As it is, live or not; null when there is none. With a secret: null also when the session is not held by it now. */
    readonly find: (key: SessionKey, secret: SessionSecret | null) => Effect.Effect<Session | null, StoreUnavailable>
    /**
     * A code goes once. A refresh token goes until it was replaced and `refreshGraceMs` longer, `maxExchanges` times; after that it ends the
     * session. Of several who ask at once, one after the other is judged.
     */
    readonly exchange: (exchange: Exchange) => Effect.Effect<Exchanged, StoreUnavailable>
    /** Null when there is none; one that is over stays as it is. */
    readonly end: (key: SessionKey, by: SessionEnd, at: EpochMillis) => Effect.Effect<Session | null, StoreUnavailable>
    /** Notes uses; of one session the latest stays. */
    readonly used: (uses: ReadonlyArray<SessionUse>) => Effect.Effect<void, StoreUnavailable>
    /** Newest first; those whose code nobody has exchanged are left out. `subject`: null for everybody's. */
    readonly list: (options: {
      readonly tenantId: TenantId
      readonly subject: string | null
      readonly after: SessionMark | null
      readonly limit: number
    }) => Effect.Effect<
      { readonly sessions: ReadonlyArray<Session>; readonly next: SessionMark | null },
      StoreUnavailable
    >
  }
>()("@dueline/contracts/ports/Sessions") {}
