/**
 * Spans through the OpenTelemetry SDK that the installation runs in this process: its processors, exporters and resource, whatever they are.
 * It registers itself before the program starts (`NODE_OPTIONS=--import …`). Loaded only when chosen.
 */
import { makeTracing, Tracing } from "@dueline/contracts/telemetry/Tracing"
import * as OtelTracer from "@effect/opentelemetry/OtelTracer"
import { Clock, Effect, Layer, Random } from "effect"
import { ConfigurationInvalid, type Settings } from "../Configuration.ts"

const unregistered = new ConfigurationInvalid({
  message:
    "DUELINE_TRACER is sdk, and no OpenTelemetry SDK is registered in this process: load one before it, as in NODE_OPTIONS='--import /path/sdk.mjs'."
})

/** Without an SDK the library hands out spans that are none: their ids are all zero. This one is never ended, so that nobody sees it. */
const isReal = (tracer: OtelTracer.OtelTracer["Service"]): boolean =>
  /[^0]/u.test(tracer.startSpan("dueline start").spanContext().traceId)

export const layer = ({ DUELINE_TRACE_RATIO: ratio }: Pick<Settings, "DUELINE_TRACE_RATIO">) =>
  Layer.effect(
    Tracing,
    Effect.gen(function* () {
      if (!isReal(yield* OtelTracer.OtelTracer)) return yield* unregistered
      const tracer = yield* OtelTracer.make
      return makeTracing(tracer, { ratio, clock: yield* Clock.Clock, random: yield* Random.Random })
    })
  ).pipe(Layer.provide(OtelTracer.layerGlobalTracer))
