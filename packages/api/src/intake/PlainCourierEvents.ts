/**
 * Takes couriers' events from Node itself when they are plain, as `calls/PlainSubmissions` does with submissions and for the same reason.
 * Nothing is decided here that the routed way decides too: that stands in `CourierEvents`. A test sends the same requests both ways and
 * compares the answers byte by byte.
 */
import { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { TenantId } from "@dueline/contracts/Ids"
import { Clock, Effect, Exit, Layer, Schema } from "effect"
import { CourierEvents, crowdedSource, rawHeadersOf } from "./CourierEvents.ts"
import { defaultEdgeLimits, type EdgeLimits } from "../Edge.ts"
import { KnownSources } from "./KnownSources.ts"
import { type Exchange, isPlain, makeExchanges } from "../server/plainExchanges.ts"
import { PlainRequests } from "../server/PlainRequests.ts"
import { RequestTurns } from "../server/RequestPlaces.ts"

const prefix = "/v1/events/courier/"

const isSourceId = Schema.is(CourierSourceId)

interface EventExchange extends Exchange {
  readonly source: CourierSourceId
}

export const layer = (limits: EdgeLimits = defaultEdgeLimits) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const events = yield* CourierEvents
      const known = yield* KnownSources
      const clock = yield* Clock.Clock
      const exchanges = yield* makeExchanges<EventExchange>({
        about: ({ source }) => {
          const { row } = known.remembered(source, clock.currentTimeMillisUnsafe())
          return row === null ? {} : { tenantId: row.tenantId }
        }
      })
      const { answer, readInTurn, refuse, settleFailed } = exchanges
      const turns = new RequestTurns()

      const accept = (exchange: EventExchange, body: Uint8Array): void => {
        const { correlationId, request, source, traceparent } = exchange
        const headers = rawHeadersOf(request.rawHeaders)
        events.accept({ source, headers, body, correlationId, traceparent, request }, (exit) =>
          Exit.isSuccess(exit) ? answer(exchange, exit.value) : settleFailed(exchange, exit)
        )
      }

      const { listen } = yield* PlainRequests
      yield* listen((request, response) => {
        const { method, url = "" } = request
        if (!url.startsWith(prefix) || method !== "POST" || exchanges.isDraining()) return false
        if (!isPlain(request, limits.maxBodyBytes)) return false
        const source = url.slice(prefix.length).toLowerCase()
        if (!isSourceId(source)) return false
        const leave = events.enter(source)
        const exchange: EventExchange = { ...exchanges.begun(request, response), leave, source }
        exchanges.open(exchange)
        if (leave === null) refuse(exchange, crowdedSource)
        // Sources take turns: whose they are is not known yet.
        else readInTurn(exchange, turns, source as string as TenantId, accept)
        return true
      })
    })
  )
