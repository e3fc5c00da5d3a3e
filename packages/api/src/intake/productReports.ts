/**
 * Reports of product events, between the bytes of a body and the bytes of an answer: the one implementation, whichever way the request came in. What
 * is wrong with the request refuses all of it, before anything is stored; what is wrong with one event refuses that one.
 */
import type { ApiKeyRow } from "@dueline/contracts/apiKey/ApiKey"
import { defaultWorkspace } from "@dueline/contracts/apiKey/ApiKey"
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { parseInstant } from "@dueline/contracts/api/Wire"
import type { TenantId } from "@dueline/contracts/Ids"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import {
  BatchItem,
  batchLimit,
  defaultSchemaVersion,
  Identify,
  type ProductEventType,
  type ReportedBy,
  type ReportedEvent,
  SegmentItem,
  segmentLimits,
  Track
} from "@dueline/contracts/productEvent/ProductEvent"
import type {
  ProductEventReceipt,
  ProductEventResult,
  ProductEventResults
} from "@dueline/contracts/productEvent/ProductEventEndpoints"
import { Effect, Random, Result } from "effect"
import { jsonReply } from "../requests/answer.ts"
import { now } from "../resources/asking.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { makeReader, plainProductEvent, type Reader, type Refused } from "./productEventReader.ts"
import type { Report } from "./reportBody.ts"
import { RateCharge } from "../access/RateLimits.ts"
import { reject, storeUnavailable } from "../requests/refusal.ts"
import { invalidRequest } from "../requests/requestBody.ts"

const readers = {
  track: makeReader(Track, (item) => ({ ...item, type: "track" as const }), {
    onExcess: "error",
    plain: (value) => plainProductEvent(value, "track")
  }),
  identify: makeReader(Identify, (item) => ({ ...item, type: "identify" as const }), {
    onExcess: "error",
    plain: (value) => plainProductEvent(value, "identify")
  }),
  batch: makeReader(BatchItem, (item) => item, { onExcess: "error", plain: plainProductEvent }),
  segment: makeReader(
    SegmentItem,
    ({ messageId, originalTimestamp, timestamp, ...item }) => ({
      ...item,
      event_id: messageId,
      timestamp: timestamp ?? originalTimestamp
    }),
    { onExcess: "ignore", plain: () => null }
  )
}

const crowded = reject(
  "overloaded",
  "Too many events are waiting to be stored. Nothing of this was; send it again after the time in Retry-After."
)

/** The items of a batch, or what to do about its having none or too many. */
const itemsOf = ({ value }: Report, most: number, advice: string) => {
  const batch = typeof value === "object" && value !== null && "batch" in value ? value.batch : undefined
  if (!Array.isArray(batch) || batch.length === 0)
    return invalidRequest([{ path: "body.batch", message: `must be a list of 1 to ${most} events` }])
  return batch.length <= most
    ? Effect.succeed(batch as ReadonlyArray<unknown>)
    : invalidRequest([
        { path: "body.batch", message: `holds ${batch.length} events, and at most ${most} are taken: ${advice}` }
      ])
}

/** By how much the sender's clock is behind ours; 0 where it does not say when it sent. */
const clockOffset = ({ value }: Report, at: number): number => {
  const sentAt = typeof value === "object" && value !== null && "sentAt" in value ? value.sentAt : undefined
  const sent = typeof sentAt === "string" ? parseInstant(sentAt, "down") : Number.NaN
  return Number.isFinite(sent) ? at - sent : 0
}

/** Who reports, and in what form as they call it. */
export interface Reporter {
  readonly tenantId: TenantId
  readonly apiKey: { readonly id: ApiKeyRow["apiKeyId"]; readonly workspace: ApiKeyRow["workspace"] } | null
  readonly schemaVersion: string | undefined
}

/** Each needs the correlation id of its request, what charges for further events, and what is drawn and told of time where it runs. */
export const makeReports = Effect.gen(function* () {
  const events = yield* ProductEvents
  const store = Effect.fnUntraced(function* (
    { apiKey, schemaVersion, tenantId }: Reporter,
    reported: ReadonlyArray<ReportedEvent>
  ) {
    if (reported.length === 0) return new Set<string>() as ReadonlySet<string>
    const by: ReportedBy = {
      tenantId,
      workspace: apiKey?.workspace ?? defaultWorkspace,
      apiKeyId: apiKey?.id ?? null,
      correlationId: yield* CurrentCorrelationId,
      schemaVersion: schemaVersion ?? defaultSchemaVersion
    }
    const appended: Effect.Effect<
      ReadonlySet<string>,
      Effect.Error<ReturnType<typeof storeUnavailable>> | Effect.Error<typeof crowded>
    > = Effect.catch(events.append(by, reported), (error) =>
      error._tag === "TooManyEvents" ? crowded : storeUnavailable(error)
    )
    return yield* appended
  })

  const receiptOf = Effect.fnUntraced(function* (by: Reporter, item: Result.Result<ReportedEvent, Refused>) {
    if (Result.isFailure(item)) return yield* invalidRequest(item.failure.errors)
    const { eventId, id } = item.success
    const stored = (yield* store(by, [item.success])).has(id)
    const receipt: ProductEventReceipt = stored
      ? { status: "stored", eventId, id }
      : { status: "duplicate", eventId, id: null }
    return jsonReply(200, JSON.stringify(receipt))
  })

  const one = (read: (typeof readers)["track" | "identify"]) =>
    Effect.fnUntraced(function* (by: Reporter, report: Report) {
      const at = yield* now
      return yield* receiptOf(by, read({ ...report, at, offset: 0, path: "body" }, yield* Random.Random))
    })

  /** As Segment's clients send one by itself. */
  const single = (type: ProductEventType) =>
    Effect.fnUntraced(function* (by: Reporter, report: Report) {
      const { value: body } = report
      const at = yield* now
      const offset = clockOffset(report, at)
      const value = typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body, type } : body
      return yield* receiptOf(by, readers.segment({ ...report, value, at, offset, path: "body" }, yield* Random.Random))
    })

  const resultOf = (
    index: number,
    item: Result.Result<
      ReportedEvent,
      { readonly eventId: string | null; readonly errors: ReadonlyArray<FieldProblem> }
    >,
    stored: ReadonlySet<string>
  ): ProductEventResult => {
    if (Result.isFailure(item)) return { index, status: "refused", id: null, ...item.failure }
    const { eventId, id } = item.success
    return stored.has(id)
      ? { index, status: "stored", eventId, id, errors: [] }
      : { index, status: "duplicate", eventId, id: null, errors: [] }
  }

  const several = Effect.fnUntraced(function* (
    by: Reporter,
    report: Report,
    items: ReadonlyArray<unknown>,
    read: Reader
  ) {
    yield* (yield* RateCharge)(items.length - 1)
    const at = yield* now
    const offset = clockOffset(report, at)
    const dice = yield* Random.Random
    const { escaped, exact } = report
    const reported = items.map((value, index) =>
      read({ value, escaped, exact, at, offset, path: `body.batch[${index}]` }, dice)
    )
    const stored = yield* store(
      by,
      reported.flatMap((item) => (Result.isSuccess(item) ? [item.success] : []))
    )
    const results = reported.map((item, index) => resultOf(index, item, stored))
    const counts = { stored: 0, duplicate: 0, refused: 0 }
    for (const { status } of results) counts[status] += 1
    const answer: ProductEventResults = {
      stored: counts.stored,
      duplicates: counts.duplicate,
      refused: counts.refused,
      items: results
    }
    return jsonReply(200, JSON.stringify(answer))
  })

  const batched = (most: number, advice: string, read: Reader) =>
    Effect.fnUntraced(function* (by: Reporter, report: Report) {
      const items = yield* itemsOf(report, most, advice)
      return yield* several(by, report, items, read)
    })

  return {
    track: one(readers.track),
    identify: one(readers.identify),
    batch: batched(batchLimit, "send several batches", readers.batch),
    segment: batched(segmentLimits.items, "set a smaller `flushAt`", readers.segment),
    single
  }
})
