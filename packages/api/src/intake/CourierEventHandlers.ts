/** Couriers' events through the router, taken in under the signature of their source: no token, and no tenant until the source is found. */
import { Api } from "@dueline/contracts/api/Api"
import type { Unavailable } from "@dueline/contracts/api/ProblemError"
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import { sourceHeader } from "@dueline/contracts/ingestion/IngestionEndpoints"
import { Effect, Layer, Result, Schema } from "effect"
import type { HttpServerRequest, HttpServerResponse } from "effect/http"
import { HttpApiBuilder } from "effect/http-api"
import { denialReply, type Reply, responseOf } from "../requests/answer.ts"
import { type Raw, traceparentOf } from "../resources/asking.ts"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { CourierEvents, crowdedSource, type EventDenial, rawHeadersOf } from "./CourierEvents.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { deny } from "../requests/refusal.ts"
import { bodyBytes, type BodyProblem } from "../requests/requestBody.ts"

const isSourceId = Schema.is(CourierSourceId)

/** Stands for a source whose name is none: it is looked for as any other. */
const nobodys = "00000000-0000-0000-0000-000000000000" as CourierSourceId

/** As they were sent, one entry each: the framework joins those of one name. */
const headersOf = ({ headers, source }: HttpServerRequest.HttpServerRequest) => {
  const raw = (source as { readonly rawHeaders?: ReadonlyArray<string> }).rawHeaders
  return raw === undefined
    ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const)
    : rawHeadersOf(raw)
}

const makeReceive = Effect.gen(function* () {
  const events = yield* CourierEvents

  const receive = Effect.fnUntraced(function* (source: CourierSourceId, request: HttpServerRequest.HttpServerRequest) {
    const body = yield* bodyBytes(request)
    const correlationId = yield* CurrentCorrelationId
    const traceparent = traceparentOf(request.headers)
    const arrived = { source, headers: headersOf(request), body, correlationId, traceparent, request }
    const told = yield* Effect.result(
      Effect.callback<Reply, EventDenial>((resume) => events.accept(arrived, (exit) => resume(exit)))
    )
    return responseOf(Result.isSuccess(told) ? told.success : denialReply(told.failure, correlationId))
  })

  /** Bounded before anything is read: nobody has shown a right yet. */
  return (source: string, request: HttpServerRequest.HttpServerRequest) =>
    Effect.suspend((): Effect.Effect<HttpServerResponse.HttpServerResponse, BodyProblem | Unavailable> => {
      const text = source.toLowerCase()
      const id = isSourceId(text) ? text : nobodys
      const leave = events.enter(id)
      return leave === null ? deny(crowdedSource) : Effect.ensuring(receive(id, request), Effect.sync(leave))
    })
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const receive = yield* makeReceive
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "courier-events", (handlers) =>
        handlers
          .handleRaw("receive", ({ params, request }: Raw<"courier-events", "receive">) =>
            receive(params.source, request)
          )
          .handleRaw("receiveByHeader", ({ headers, request }: Raw<"courier-events", "receiveByHeader">) =>
            receive(headers[sourceHeader], request)
          )
      )
    )
  })
)
