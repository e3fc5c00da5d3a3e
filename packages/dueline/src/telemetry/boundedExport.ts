/**
 * What sends telemetry away, so that whoever takes it can do no harm. A collector that never answers would otherwise be asked again for
 * every batch, and one that says "come back in an hour" be waited for while batches pile up.
 */
import { Effect, Layer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"

/** Batches on their way at once. */
const inFlightLimit = 2
/** Of one request, whole. */
const timeout = "2 seconds"
/** How long Effect's exporter rests after a batch that was not taken, in milliseconds; what is made meanwhile is dropped. */
export const restMs = 60_000

export interface Batches {
  /** A batch is about to leave. Then it was sent; or it was dropped alone; or it was lost, and the exporter rests. */
  readonly begin: () => { readonly sent: () => void; readonly dropped: () => void; readonly lost: () => void }
}

/**
 * A client for exporters. What a collector does not take is a defect, so that the exporter drops it at once and rests. A batch that comes
 * while enough are on their way is dropped as if it had been taken: a burst is no reason to rest.
 */
export const layer = ({ begin }: Batches): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) => {
      let inFlight = 0
      const taken = (response: HttpClientResponse.HttpClientResponse) =>
        response.status < 300
          ? Effect.succeed(response)
          : Effect.die(`telemetry: the collector says ${response.status}`)
      return HttpClient.transform(client, (send, request) =>
        Effect.suspend(() => {
          const { dropped, lost, sent } = begin()
          if (inFlight >= inFlightLimit) {
            dropped()
            return Effect.succeed(HttpClientResponse.fromWeb(request, new Response()))
          }
          inFlight += 1
          return send.pipe(
            Effect.timeout(timeout),
            Effect.orDie,
            Effect.flatMap(taken),
            Effect.onExit((exit) =>
              Effect.sync(() => {
                inFlight -= 1
                if (exit._tag === "Success") sent()
                else lost()
              })
            )
          )
        })
      )
    })
  ).pipe(Layer.provide(FetchHttpClient.layer))
