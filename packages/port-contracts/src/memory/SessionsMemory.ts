/** Sessions of people in plain maps. */
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { Exchanged, SecretKind, SessionKey, Sessions } from "@dueline/contracts/ports/Sessions"
import {
  isLive,
  maxExchanges,
  refreshGraceMs,
  rememberedSecrets,
  type Session,
  shownMs
} from "@dueline/contracts/session/Session"
import { Effect } from "effect"
import { copyOf, keyOf } from "./MemoryState.ts"

interface Secret {
  readonly kind: SecretKind
  readonly until: EpochMillis | null
  replacedAt: EpochMillis | null
  exchanges: number
}

interface Kept {
  session: Session
  readonly secrets: Map<string, Secret>
}

const overAt = ({ endedAt, expiresAt, idleMs, usedAt }: Session): number =>
  Math.min(expiresAt, usedAt + idleMs, endedAt ?? expiresAt)

export const make = (): Sessions["Service"] => {
  const all = new Map<string, Kept>()
  const at = ({ sessionId, tenantId }: SessionKey): Kept | undefined => all.get(keyOf(tenantId, sessionId))
  const end = (kept: Kept, endedBy: NonNullable<Session["endedBy"]>, endedAt: EpochMillis): void => {
    if (kept.session.endedAt === null) kept.session = { ...kept.session, endedAt, endedBy }
  }

  const forgetReplaced = ({ secrets }: Kept): void => {
    const replaced = [...secrets].filter(([, { replacedAt }]) => replacedAt !== null)
    replaced.sort(([, a], [, b]) => (b.replacedAt ?? 0) - (a.replacedAt ?? 0))
    for (const [digest] of replaced.slice(rememberedSecrets)) secrets.delete(digest)
  }

  const exchange = (asked: Parameters<Sessions["Service"]["exchange"]>[0]): Exchanged => {
    const kept = at(asked)
    const secret = kept?.secrets.get(asked.given.digest)
    if (kept === undefined || secret?.kind !== asked.given.kind || !isLive(kept.session, asked.at))
      return { _tag: "Refused" }
    if (secret.until !== null && asked.at >= secret.until) return { _tag: "Refused" }
    if (secret.replacedAt !== null) {
      const inGrace = asked.at - secret.replacedAt <= refreshGraceMs
      if (secret.kind === "code" || (inGrace && secret.exchanges >= maxExchanges)) return { _tag: "Refused" }
      if (!inGrace) {
        end(kept, "reused", asked.at)
        return { _tag: "Reused", session: copyOf(kept.session) }
      }
    }
    secret.replacedAt ??= asked.at
    secret.exchanges += 1
    forgetReplaced(kept)
    kept.secrets.set(asked.next.digest, { kind: asked.next.kind, until: null, replacedAt: null, exchanges: 0 })
    const usedAt = Math.max(kept.session.usedAt, asked.at) as EpochMillis
    kept.session = { ...kept.session, holder: asked.next.kind, usedAt }
    return { _tag: "Exchanged", session: copyOf(kept.session) }
  }

  return {
    make: (session, { digest, kind }, until) =>
      Effect.sync(() => {
        for (const [key, { session: other }] of all)
          if (other.tenantId === session.tenantId && overAt(other) < session.createdAt - shownMs) all.delete(key)
        const holder = kind === "code" ? null : kind
        const whole = { ...copyOf(session), holder, usedAt: session.createdAt, endedAt: null, endedBy: null }
        const secrets = new Map([[digest, { kind, until, replacedAt: null, exchanges: 0 }]])
        all.set(keyOf(session.tenantId, session.sessionId), { session: whole, secrets })
      }),
    find: (key, secret) =>
      Effect.sync(() => {
        const kept = at(key)
        if (kept === undefined) return null
        const known = secret === null ? null : kept.secrets.get(secret.digest)
        const holds = secret === null || (known?.kind === secret.kind && known.replacedAt === null)
        return holds ? copyOf(kept.session) : null
      }),
    exchange: (asked) => Effect.sync(() => exchange(asked)),
    end: (key, by, endedAt) =>
      Effect.sync(() => {
        const kept = at(key)
        if (kept === undefined) return null
        if (isLive(kept.session, endedAt)) end(kept, by, endedAt)
        return copyOf(kept.session)
      }),
    used: (uses) =>
      Effect.sync(() => {
        for (const use of uses) {
          const kept = at(use)
          if (kept !== undefined && kept.session.usedAt < use.at) kept.session = { ...kept.session, usedAt: use.at }
        }
      }),
    list: ({ after, limit, subject, tenantId }) =>
      Effect.sync(() => {
        const found = [...all.values()]
          .map(({ session }) => session)
          .filter((session) => session.tenantId === tenantId && session.holder !== null)
          .filter((session) => subject === null || session.subject === subject)
          .sort((a, b) => b.createdAt - a.createdAt || (a.sessionId < b.sessionId ? 1 : -1))
          .filter(
            ({ createdAt, sessionId }) =>
              after === null || createdAt < after.createdAt || (createdAt === after.createdAt && sessionId < after.id)
          )
        const sessions = found.slice(0, limit)
        const last = sessions.at(-1)
        const more = found.length > limit && last !== undefined
        return { sessions: copyOf(sessions), next: more ? { createdAt: last.createdAt, id: last.sessionId } : null }
      })
  }
}
