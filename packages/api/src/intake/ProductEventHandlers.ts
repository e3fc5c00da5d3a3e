/** Product events over HTTP, as the router has them: reports, and what is read. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api, IntakeApi } from "@dueline/contracts/api/Api"
import { formatInstant, parseInstant } from "@dueline/contracts/api/Wire"
import { ProductEvents } from "@dueline/contracts/ports/ProductEvents"
import {
  type ProductEventType,
  segmentLimits,
  type StoredProductEvent
} from "@dueline/contracts/productEvent/ProductEvent"
import type { ProductEventView } from "@dueline/contracts/productEvent/ProductEventEndpoints"
import type { Schema } from "effect"
import { Effect, Layer } from "effect"
import type { HttpServerRequest } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { type Reply, responseOf } from "../requests/answer.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, makePaging, rowMark } from "../resources/paging.ts"
import { makeReports, type Reporter } from "./productReports.ts"
import { readReport, type Report, type ReportOptions } from "./reportBody.ts"
import type { Raw } from "../resources/asking.ts"
import { storeUnavailable } from "../requests/refusal.ts"

const viewOf = ({ occurredAt, receivedAt, ...event }: StoredProductEvent): ProductEventView => ({
  ...event,
  occurredAt: formatInstant(occurredAt),
  receivedAt: formatInstant(receivedAt),
  document: event.document as Schema.Json
})

const parsed = (text: string | undefined) => (text === undefined ? undefined : parseInstant(text, "down"))

interface WithVersion {
  readonly headers: { readonly "x-event-schema-version"?: string }
  readonly request: HttpServerRequest.HttpServerRequest
}

const makeOperations = Effect.gen(function* () {
  const events = yield* ProductEvents
  const paging = yield* makePaging(rowMark)
  const reports = yield* makeReports

  const reported = <E, R>(options: ReportOptions, take: (by: Reporter, report: Report) => Effect.Effect<Reply, E, R>) =>
    Effect.fnUntraced(function* ({ headers, request }: WithVersion) {
      const report = yield* readReport(request, options)
      const { apiKey, tenantId } = yield* Principal
      const by = { tenantId, apiKey: apiKey ?? null, schemaVersion: headers["x-event-schema-version"] }
      return responseOf(yield* take(by, report))
    })
  const single = (type: ProductEventType) => reported({ anyType: true }, reports.single(type))

  return {
    track: reported({ anyType: false }, reports.track),
    identify: reported({ anyType: false }, reports.identify),
    batch: reported({ anyType: false }, reports.batch),
    segment: reported({ anyType: true, maxBytes: segmentLimits.bytes }, reports.segment),
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
