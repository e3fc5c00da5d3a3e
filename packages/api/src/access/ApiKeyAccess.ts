/**
 * Tells whose an API key is. A key that was found is remembered for a minute, so that a busy client costs no question each; that it was
 * revoked is told by the bus to every process, which forgets it. While the bus is away that minute is the bound.
 *
 * Whatever is wrong with a key, what is answered is the same, and so is the work: a key that nobody has is compared with another.
 */
import { type ApiKeyId, type ApiKeyRow, type ApiKeyTopic } from "@dueline/contracts/apiKey/ApiKey"
import type { Unavailable } from "@dueline/contracts/api/ProblemError"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { ApiKeys, type KeyUse } from "@dueline/contracts/ports/Directories"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import { Recent } from "@dueline/contracts/Recent"
import { idOfKey, keyDigest } from "@dueline/identity/apiKeyText"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Cache, Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { timingSafeEqual } from "node:crypto"
import { makeNotes } from "./notedUses.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { AuditNotes } from "./AuditNotes.ts"

const foundFor = Duration.minutes(1)
/** One that is not there may be made the next moment, by whichever process. */
const absentFor = Duration.seconds(5)
const openedForMs = Duration.toMillis(foundFor)
/** Keys remembered. */
const limit = 10_000

/** Who asks with a key, as tokens, the audit log and the timeline name them. */
export const keySubject = (id: ApiKeyId): string => `api-key:${id}`

export class ApiKeyAccess extends Context.Service<
  ApiKeyAccess,
  {
    /** Its row; null for whatever is wrong with it: form, checksum, text, expired, revoked, never made. */
    readonly open: (text: string) => Effect.Effect<ApiKeyRow | null, Unavailable>
    /** The row of one that was opened less than a minute ago and is good still; null for every other. Costs a hash and a look into a map. */
    readonly known: (text: string, at: number) => ApiKeyRow | null
    /** The row of a key that is good; null for every other. For a token that was given for it. */
    readonly find: (id: ApiKeyId) => Effect.Effect<ApiKeyRow | null, Unavailable>
    /** True while that was found out less than a minute ago. Costs a look into a map. */
    readonly holds: (id: ApiKeyId, at: number) => boolean
    /** It was revoked. */
    readonly forget: (id: ApiKeyId) => Effect.Effect<void>
  }
>()("@dueline/api/ApiKeyAccess") {}

const noKey = keyDigest("")

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const readAt = (keys: ApiKeys["Service"], id: ApiKeyId) =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    return { at, row: yield* keys.find(id) }
  })

const revoked: ReadonlyArray<ApiKeyTopic> = ["ops.api-key.revoked"]

export const layer: Layer.Layer<ApiKeyAccess, never, ApiKeys | EventBus | AuditNotes> = Layer.effect(
  ApiKeyAccess,
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    const bus = yield* EventBus
    const audit = yield* AuditNotes
    const note = yield* makeNotes<KeyUse>("API keys", ({ apiKeyId }) => apiKeyId, keys.used)
    // Many requests with one key ask the store once.
    const found = yield* Cache.makeWith((id: ApiKeyId) => readAt(keys, id), {
      capacity: limit,
      timeToLive: (exit) => (Exit.isSuccess(exit) ? (exit.value.row === null ? absentFor : foundFor) : Duration.zero)
    })
    /** Until when a key is good by what is known of it. */
    const good = new Map<ApiKeyId, number>()
    /** Rows by the digest of their keys, and when that was: a use is noted again after a minute. */
    const opened = new Recent<string, { readonly row: ApiKeyRow; readonly at: number }>(limit)
    /** For good, so that an answer that was on its way makes none of them good again. */
    const revokedHere = new Recent<ApiKeyId, true>(limit)
    const forget = (id: ApiKeyId) => {
      revokedHere.set(id, true)
      good.delete(id)
      return Cache.invalidate(found, id)
    }
    /** The row, and why it is not good; null for one that is. */
    const look = Effect.fnUntraced(function* (id: ApiKeyId) {
      const { at: readTime, row } = yield* Cache.get(found, id).pipe(Effect.catch(storeUnavailable))
      if (row === null) return null
      const at = (yield* Clock.currentTimeMillis) as EpochMillis
      if (row.status !== "Active" || revokedHere.has(id)) return { row, at, trouble: "api_key_revoked" }
      if (row.expiresAt !== null && row.expiresAt <= at) return { row, at, trouble: "api_key_expired" }
      if (good.size >= limit) good.clear()
      good.set(id, Math.min(readTime + Duration.toMillis(foundFor), row.expiresAt ?? Infinity))
      return { row, at, trouble: null }
    })
    yield* listen(bus, `api-keys-${yield* randomCorrelationId}`, revoked, ({ streamId }) =>
      forget(streamId as string as ApiKeyId)
    )

    /** For the tenant whose key it is: somebody used it who should not. */
    const refused = ({ apiKeyId, tenantId }: ApiKeyRow, code: string) =>
      Effect.withFiber<null>((fiber) => {
        audit.note({
          tenantId,
          actor: { kind: "unknown", id: keySubject(apiKeyId) },
          action: "api-keys.use",
          resource: apiKeyId,
          outcome: "refused",
          code,
          correlationId: fiber.getRef(CurrentCorrelationId)
        })
        return Effect.succeed(null)
      })

    return ApiKeyAccess.of({
      forget,
      holds: (id, at) => at < (good.get(id) ?? 0),
      known: (text, at) => {
        const one = opened.get(keyDigest(text))
        if (one === undefined || at - one.at >= openedForMs) return null
        return at < (good.get(one.row.apiKeyId) ?? 0) ? one.row : null
      },
      find: Effect.fnUntraced(function* (id: ApiKeyId) {
        const known = yield* look(id)
        if (known === null) return null
        return known.trouble === null ? known.row : yield* refused(known.row, known.trouble)
      }),
      open: Effect.fnUntraced(function* (text: string) {
        const digest = keyDigest(text)
        const id = idOfKey(text)
        const known = id === null ? null : yield* look(id)
        const same = isSame(digest, known?.row.digest ?? noKey)
        if (known === null) return null
        const { at, row, trouble } = known
        if (!same) return yield* refused(row, "api_key_wrong")
        if (trouble !== null) return yield* refused(row, trouble)
        yield* note({ tenantId: row.tenantId, apiKeyId: row.apiKeyId, at })
        opened.set(digest, { row, at })
        return row
      })
    })
  })
)
