/**
 * Tells whose an API key is. A key that was found is remembered for a minute, so that a busy client costs no question each; that it was
 * revoked is told by the bus to every process, which forgets it. While the bus is away that minute is the bound.
 *
 * Whatever is wrong with a key, what is answered is the same, and so is the work: a key that nobody has is compared with another.
 */
import { type ApiKeyId, type ApiKeyRow, type ApiKeyTopic } from "@dueline/contracts/apiKey/ApiKey"
import type { Unavailable } from "@dueline/contracts/api/ProblemError"
import type { EpochMillis } from "@dueline/contracts/Ids"
import { ApiKeys, type KeyUse } from "@dueline/contracts/ports/ApiKeys"
import { EventBus, listen } from "@dueline/contracts/ports/EventBus"
import type { StoreUnavailable } from "@dueline/contracts/ports/Persistence"
import { idOfKey, keyDigest } from "@dueline/identity/apiKeyText"
import { randomCorrelationId } from "@dueline/identity/randomId"
import { Cache, Clock, Context, Duration, Effect, Exit, Layer } from "effect"
import { timingSafeEqual } from "node:crypto"
import { makeNotes } from "./notedUses.ts"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { AuditNotes } from "./AuditNotes.ts"

const foundFor = Duration.minutes(1)
/** One that is not there may be made the next moment, by whichever process. */
const absentFor = Duration.seconds(5)
/** Keys remembered. */
const limit = 10_000

export class ApiKeyAccess extends Context.Service<
  ApiKeyAccess,
  {
    /** Its row; null for whatever is wrong with it: form, checksum, text, expired, revoked, never made. */
    readonly open: (text: string) => Effect.Effect<ApiKeyRow | null, Unavailable>
    /** Asks for it anew from now on: this process has just revoked it. */
    readonly forget: (id: ApiKeyId) => Effect.Effect<void>
  }
>()("@dueline/api/ApiKeyAccess") {}

const noKey = keyDigest("")

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)]
  return a.length === b.length && timingSafeEqual(a, b)
}

const revoked: ReadonlyArray<ApiKeyTopic> = ["ops.api-key.revoked"]

export const layer: Layer.Layer<ApiKeyAccess, never, ApiKeys | EventBus | AuditNotes> = Layer.effect(
  ApiKeyAccess,
  Effect.gen(function* () {
    const keys = yield* ApiKeys
    const bus = yield* EventBus
    const audit = yield* AuditNotes
    const note = yield* makeNotes<KeyUse>("API keys", ({ apiKeyId }) => apiKeyId, keys.used)
    // Many requests with one key ask the store once.
    const found = yield* Cache.makeWith(
      (id: ApiKeyId): Effect.Effect<ApiKeyRow | null, StoreUnavailable> => keys.find(id),
      {
        capacity: limit,
        timeToLive: (exit) => (Exit.isSuccess(exit) ? (exit.value === null ? absentFor : foundFor) : Duration.zero)
      }
    )
    const forget = (id: ApiKeyId) => Cache.invalidate(found, id)
    yield* listen(bus, `api-keys-${yield* randomCorrelationId}`, revoked, ({ streamId }) =>
      forget(streamId as string as ApiKeyId)
    )

    /** For the tenant whose key it is: somebody used it who should not. */
    const refused = ({ apiKeyId, tenantId }: ApiKeyRow, code: string) =>
      Effect.withFiber<null>((fiber) => {
        audit.note({
          tenantId,
          actor: { kind: "unknown", id: `api-key:${apiKeyId}` },
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
      open: Effect.fnUntraced(function* (text: string) {
        const digest = keyDigest(text)
        const id = idOfKey(text)
        const row = id === null ? null : yield* Cache.get(found, id).pipe(Effect.catch(storeUnavailable))
        const same = isSame(digest, row?.digest ?? noKey)
        if (row === null) return null
        if (!same) return yield* refused(row, "api_key_wrong")
        if (row.status !== "Active") return yield* refused(row, "api_key_revoked")
        const at = (yield* Clock.currentTimeMillis) as EpochMillis
        if (row.expiresAt !== null && row.expiresAt <= at) return yield* refused(row, "api_key_expired")
        yield* note({ tenantId: row.tenantId, apiKeyId: row.apiKeyId, at })
        return row
      })
    })
  })
)
