/**
 * Product events over HTTP. What is wrong with the request refuses all of it, before anything is stored; what is wrong with one event refuses
 * that one.
 */
import { Principal } from "@dueline/contracts/api/Access"
import { Api, IntakeApi } from "@dueline/contracts/api/Api"
import type { FieldProblem } from "@dueline/contracts/api/Problem"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import { defaultWorkspace } from "@dueline/contracts/apiKey/ApiKey"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import {
  defaultSchemaVersion,
  type ProductEventType,
  type ReportedBy,
  type ReportedEvent,
  type StoredProductEvent
} from "@dueline/contracts/productEvent/ProductEvent"
import {
  BatchItem,
  batchLimit,
  Identify,
  SegmentItem,
  segmentLimits,
  Track
} from "@dueline/contracts/productEvent/ProductEventBodies"
import type {
  ProductEventReceipt,
  ProductEventResult,
  ProductEventResults,
  ProductEventView
} from "@dueline/contracts/productEvent/ProductEventEndpoints"
import type { Schema } from "effect"
import { Effect, Layer, Random, Result } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { jsonReply, responseOf } from "../requests/answer.ts"
import { now } from "../resources/asking.ts"
import { CurrentCorrelationId } from "../requests/Correlation.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, makePaging, rowMark } from "../resources/paging.ts"
import { plainProductEvent } from "./plainProductEvent.ts"
import { makeReader, type Reader, type Refused } from "./productEventReader.ts"
import { readReport, type Report } from "./reportBody.ts"
import type { Raw } from "../resources/Raw.ts"
import { RateCharge } from "../access/RateLimits.ts"
import { storeUnavailable } from "../requests/refusal.ts"
import { reject } from "../requests/reject.ts"
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

const viewOf = ({ occurredAt, receivedAt, ...event }: StoredProductEvent): ProductEventView => ({
  ...event,
  occurredAt: formatInstant(occurredAt),
  receivedAt: formatInstant(receivedAt),
  document: event.document as Schema.Json
})

const parsed = (text: string | undefined) => (text === undefined ? undefined : parseInstant(text, "down"))

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

interface WithVersion {
  readonly headers: { readonly "x-event-schema-version"?: string }
  readonly request: HttpServerRequest.HttpServerRequest
}

const makeOperations = Effect.gen(function* () {
  const events = yield* ProductEvents
  const paging = yield* makePaging(rowMark)

  const store = Effect.fnUntraced(function* ({ headers }: WithVersion, reported: ReadonlyArray<ReportedEvent>) {
    if (reported.length === 0) return new Set<string>() as ReadonlySet<string>
    const { apiKey, tenantId } = yield* Principal
    const by: ReportedBy = {
      tenantId,
      workspace: apiKey?.workspace ?? defaultWorkspace,
      apiKeyId: apiKey?.id ?? null,
      correlationId: yield* CurrentCorrelationId,
      schemaVersion: headers["x-event-schema-version"] ?? defaultSchemaVersion
    }
    const appended: Effect.Effect<
      ReadonlySet<string>,
      Effect.Error<ReturnType<typeof storeUnavailable>> | Effect.Error<typeof crowded>
    > = Effect.catch(events.append(by, reported), (error) =>
      error._tag === "TooManyEvents" ? crowded : storeUnavailable(error)
    )
    return yield* appended
  })

  const receiptOf = Effect.fnUntraced(function* (sent: WithVersion, item: Result.Result<ReportedEvent, Refused>) {
    if (Result.isFailure(item)) return yield* invalidRequest(item.failure.errors)
    const { eventId, id } = item.success
    const stored = (yield* store(sent, [item.success])).has(id)
    const receipt: ProductEventReceipt = stored
      ? { status: "stored", eventId, id }
      : { status: "duplicate", eventId, id: null }
    return responseOf(jsonReply(200, JSON.stringify(receipt)))
  })

  const one = (read: (typeof readers)["track" | "identify"]) =>
    Effect.fnUntraced(function* (sent: WithVersion) {
      const report = yield* readReport(sent.request, { anyType: false })
      const at = yield* now
      return yield* receiptOf(sent, read({ ...report, at, offset: 0, path: "body" }, yield* Random.Random))
    })

  /** As Segment's clients send one by itself. */
  const single = (type: ProductEventType) =>
    Effect.fnUntraced(function* (sent: WithVersion) {
      const report = yield* readReport(sent.request, { anyType: true })
      const { value: body } = report
      const at = yield* now
      const offset = clockOffset(report, at)
      const value = typeof body === "object" && body !== null && !Array.isArray(body) ? { ...body, type } : body
      return yield* receiptOf(
        sent,
        readers.segment({ ...report, value, at, offset, path: "body" }, yield* Random.Random)
      )
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
    sent: WithVersion,
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
      sent,
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
    return responseOf(jsonReply(200, JSON.stringify(answer)))
  })

  return {
    track: one(readers.track),
    identify: one(readers.identify),
    batch: Effect.fnUntraced(function* (sent: WithVersion) {
      const report = yield* readReport(sent.request, { anyType: false })
      const items = yield* itemsOf(report, batchLimit, "send several batches")
      return yield* several(sent, report, items, readers.batch)
    }),
    segment: Effect.fnUntraced(function* (sent: WithVersion) {
      const report = yield* readReport(sent.request, { anyType: true, maxBytes: segmentLimits.bytes })
      const items = yield* itemsOf(report, segmentLimits.items, "set a smaller `flushAt`")
      return yield* several(sent, report, items, readers.segment)
    }),
    segmentTrack: single("track"),
    segmentIdentify: single("identify"),
    segmentPage: single("page"),
    segmentScreen: single("screen"),
    segmentGroup: single("group"),
    segmentAlias: single("alias"),
    list: Effect.fnUntraced(function* ({ query }: Raw<"product-events", "list">) {
      const { tenantId } = yield* Principal
      const { cursor, event: name, from, limit = defaultLimit, to, ...wanted } = query
      const about = { list: "product-events", name, from, to, ...wanted }
      const after = yield* paging.after(tenantId, about, cursor)
      const page = yield* events
        .list({ ...wanted, name, tenantId, from: parsed(from), to: parsed(to), after, limit })
        .pipe(Effect.catch(storeUnavailable))
      return { items: page.events.map(viewOf), nextCursor: paging.next(tenantId, about, page.next) }
    })
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { batch, identify, list, segment, track, ...singles } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "product-events", (handlers) =>
        handlers
          .handleRaw("track", track)
          .handleRaw("identify", identify)
          .handleRaw("batch", batch)
          .handleRaw("segment", segment)
          .handleRaw("segmentTrack", singles.segmentTrack)
          .handleRaw("segmentIdentify", singles.segmentIdentify)
          .handleRaw("segmentPage", singles.segmentPage)
          .handleRaw("segmentScreen", singles.segmentScreen)
          .handleRaw("segmentGroup", singles.segmentGroup)
          .handleRaw("segmentAlias", singles.segmentAlias)
          .handle("list", list)
      )
    )
  })
)

/** Without what is read. */
export const layerReports = Layer.effectContext(
  Effect.gen(function* () {
    const { batch, identify, segment, track, ...singles } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(IntakeApi, "product-events", (handlers) =>
        handlers
          .handleRaw("track", track)
          .handleRaw("identify", identify)
          .handleRaw("batch", batch)
          .handleRaw("segment", segment)
          .handleRaw("segmentTrack", singles.segmentTrack)
          .handleRaw("segmentIdentify", singles.segmentIdentify)
          .handleRaw("segmentPage", singles.segmentPage)
          .handleRaw("segmentScreen", singles.segmentScreen)
          .handleRaw("segmentGroup", singles.segmentGroup)
          .handleRaw("segmentAlias", singles.segmentAlias)
      )
    )
  })
)
