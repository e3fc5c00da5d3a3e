/**
 * * Traces and metrics over OTLP, where a collector is named. Off by default: then nothing of this is loaded, no span is made, and what is counted
 * is read at /metrics only. * The tracer is not given to Effect's own spans: those of its HTTP server hold whole queries, which may be secrets. *
 * What sends telemetry away, so that whoever takes it can do no harm. A collector that never answers would otherwise be asked again for every
 * batch, and one that says "come back in an hour" be waited for while batches pile up.
 */
import type { Counter } from "@dueline/contracts/telemetry/Instruments"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { makeTracing, Tracing } from "@dueline/contracts/telemetry/Tracing"
import { Clock, Effect, Layer, Metric, Random, Redacted, Tracer } from "effect"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import * as OtlpExporter from "effect/observability/OtlpExporter"
import * as OtlpMetrics from "effect/observability/OtlpMetrics"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as OtlpTracer from "effect/observability/OtlpTracer"
import type { Settings } from "../Configuration.ts"
import { version } from "../Phase.ts"

/** A stop waits no longer than this for what is left to be sent. */
const shutdownTimeout = "1 second" as const
/** Spans are sent this often, and as soon as there are so many. */
const spansEvery = "2 seconds" as const
const batchLimit = 512
const metricsEvery = "15 seconds" as const

export type ExportSettings = Pick<
  Settings,
  | "OTEL_EXPORTER_OTLP_ENDPOINT"
  | "OTEL_EXPORTER_OTLP_HEADERS"
  | "OTEL_EXPORTER_OTLP_PROTOCOL"
  | "DUELINE_TRACE_RATIO"
  | "DUELINE_TRACER"
>

/** `a=b,c=d`, as OpenTelemetry writes them: names and percent-encoded values. */
export const readHeaders = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split(",")
      .filter((pair) => pair.includes("="))
      .map((pair) => [
        pair.slice(0, pair.indexOf("=")).trim(),
        decodeURIComponent(pair.slice(pair.indexOf("=") + 1).trim())
      ])
  )

const resource = { serviceName: "dueline", serviceVersion: version }

const common = ({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers }: ExportSettings) => ({
  url: (path: string) => `${endpoint.replace(/\/$/u, "")}${path}`,
  headers: headers === null ? {} : readHeaders(Redacted.value(headers)),
  resource,
  shutdownTimeout
})

const tracing = (settings: ExportSettings) =>
  Layer.effect(
    Tracing,
    Effect.gen(function* () {
      const { droppedTelemetry, exportedSpans } = yield* Metrics
      const clock = yield* Clock.Clock
      const spans = countedSpans(
        exportedSpans,
        droppedTelemetry.of("traces"),
        () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
      )
      const { headers, resource, shutdownTimeout, url } = common(settings)
      const made = OtlpTracer.make({
        url: url("/v1/traces"),
        headers,
        resource,
        shutdownTimeout,
        exportInterval: spansEvery,
        maxBatchSize: batchLimit
      })
      const tracer = yield* Effect.provide(made, layerBounded(spans))
      const counted = Tracer.make({ span: (options) => spans.watch(tracer.span(options)) })
      return makeTracing(counted, { ratio: settings.DUELINE_TRACE_RATIO, clock, random: yield* Random.Random })
    })
  )

const metrics = (settings: ExportSettings) =>
  Layer.unwrap(
    Effect.map(Metrics, ({ droppedTelemetry, instruments }) => {
      const dropped = droppedTelemetry.of("metrics")
      const lose = () => dropped.add()
      const { headers, resource, shutdownTimeout, url } = common(settings)
      return OtlpMetrics.layer({
        url: url("/v1/metrics"),
        headers,
        resource,
        shutdownTimeout,
        exportInterval: metricsEvery
      }).pipe(
        Layer.provide(layerBounded({ begin: () => ({ sent: () => undefined, dropped: lose, lost: lose }) })),
        Layer.provide(Layer.succeed(Metric.MetricRegistry, instruments.registry))
      )
    })
  )

/** A reading at /metrics does it too; here there may be none. */
const busiest = Layer.effectDiscard(
  Effect.gen(function* () {
    const { instruments } = yield* Metrics
    const look = Effect.map(Clock.monotonicTimeNanos, (nanos) => instruments.tenants.look(Number(nanos) / 1e6))
    yield* Effect.forkScoped(Effect.forever(Effect.andThen(look, Effect.sleep("1 minute"))))
  })
)

export const layer = (settings: ExportSettings): Layer.Layer<never> => {
  const form =
    settings.OTEL_EXPORTER_OTLP_PROTOCOL === "http/json" ? OtlpSerialization.layerJson : OtlpSerialization.layerProtobuf
  const isOurs = settings.DUELINE_TRACER === "embedded" && settings.DUELINE_TRACE_RATIO > 0
  const traces = isOurs ? tracing(settings) : Layer.empty
  return Layer.mergeAll(traces, metrics(settings), busiest).pipe(
    Layer.provide(form),
    Layer.provide(OtlpExporter.layerFlusher)
  )
}

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
export const layerBounded = ({ begin }: Batches): Layer.Layer<HttpClient.HttpClient> =>
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

/** Counts spans on their way out: the exporter says nothing of those it drops. */
export interface CountedSpans extends Batches {
  /** The span as it is, counted when it ends. */
  readonly watch: (span: Tracer.Span) => Tracer.Span
}

/**
 * Spans that have ended wait for the next batch. When a batch is lost, so is what waits: the exporter drops all it holds and, while it
 * rests, what comes. `elapsed` in milliseconds.
 */
export const countedSpans = (exported: Counter, dropped: Counter, elapsed: () => number): CountedSpans => {
  let waiting = 0
  let restsUntil = Number.NEGATIVE_INFINITY
  return {
    begin: () => {
      const inBatch = waiting
      waiting = 0
      return {
        sent: () => exported.add(inBatch),
        dropped: () => dropped.add(inBatch),
        lost: () => {
          dropped.add(inBatch + waiting)
          waiting = 0
          restsUntil = elapsed() + restMs
        }
      }
    },
    watch: (span) => {
      const end = span.end.bind(span)
      span.end = (endTime, exit) => {
        if (elapsed() < restsUntil) dropped.add()
        else waiting += 1
        end(endTime, exit)
      }
      return span
    }
  }
}
