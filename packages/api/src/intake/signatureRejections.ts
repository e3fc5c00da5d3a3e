/**
 * Records of requests that were refused, so many of a source in a minute: whoever has no secret must not fill the store. What comes on top is
 * counted, and the count stands in the source's next record.
 *
 * Nobody waits for a record, and it is written after the answer: how long an answer takes does not tell whether there is a source.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { CorrelationId, EpochMillis, TenantId } from "@dueline/contracts/Ids"
import type { IngestionCommand, IngestionId, RejectionReason } from "@dueline/contracts/ingestion/Ingestion"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Recent } from "@dueline/contracts/Recent"
import { randomUuidV7 } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"

/** Records of one source in a minute, in each process. */
export const recordsPerMinute = 20
const windowMs = 60_000
/** Sources whose counts are remembered; of others counting begins anew. */
const sourcesKept = 10_000

interface Window {
  readonly began: number
  readonly recorded: number
  readonly unrecorded: number
}

export interface RefusedRequest {
  readonly tenantId: TenantId
  readonly courierSourceId: CourierSourceId
  readonly reason: RejectionReason
  readonly bodyBytes: number
  readonly correlationId: CorrelationId
}

export const makeRejections = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const fork = Effect.runForkWith(yield* Effect.context<never>())
  const windows = new Recent<CourierSourceId, Window>(sourcesKept)

  /** How many went unrecorded before this one, or null when this one does too. */
  const count = (source: CourierSourceId, now: number): number | null => {
    const known = windows.get(source) ?? { began: now, recorded: 0, unrecorded: 0 }
    const current = now - known.began < windowMs ? known : { ...known, began: now, recorded: 0 }
    const full = current.recorded >= recordsPerMinute
    windows.set(source, {
      began: current.began,
      recorded: current.recorded + (full ? 0 : 1),
      unrecorded: full ? current.unrecorded + 1 : 0
    })
    return full ? null : current.unrecorded
  }

  const record = Effect.fnUntraced(function* (refused: RefusedRequest) {
    const now = (yield* Clock.currentTimeMillis) as EpochMillis
    const { bodyBytes, correlationId, courierSourceId, reason, tenantId } = refused
    const unrecorded = count(courierSourceId, now)
    if (unrecorded === null) return
    const ingestionId = (yield* randomUuidV7) as IngestionId
    const command: IngestionCommand = {
      _tag: "RejectIngestion",
      ingestionId,
      at: now,
      courierSourceId,
      reason,
      unrecorded,
      bodyBytes,
      origin: { correlationId, traceparent: null }
    }
    const by = `courier-source:${courierSourceId}`
    yield* orchestrator.ask(systemEnvelope(by, { tenantId, correlationId }, `reject-ingestion:${ingestionId}`, command))
  })

  return (refused: RefusedRequest): void => {
    const { courierSourceId, reason, tenantId } = refused
    fork(
      Effect.andThen(Effect.yieldNow, record(refused)).pipe(
        Effect.catch(({ _tag }) =>
          Effect.logWarning("a refused event has no record", { tenantId, courierSourceId, reason, why: _tag })
        )
      )
    )
  }
})
