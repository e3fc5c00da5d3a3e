/** Which spans are made, whose they are, and what becomes of them when nobody takes them. */
import { StreamId, TenantId } from "@dueline/contracts/Ids"
import * as EventBusMemory from "@dueline/contracts/memory/EventBusMemory"
import { ack, EventBus } from "@dueline/contracts/ports/EventBus"
import { makeMetrics, Metrics } from "@dueline/contracts/telemetry/Metrics"
import {
  isSampled,
  makeTracing,
  readTraceparent,
  takeTrace,
  Tracing,
  withTrace
} from "@dueline/contracts/telemetry/Tracing"
import { assert, describe, it } from "@effect/vitest"
import { trace } from "@opentelemetry/api"
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import { Clock, Context, Effect, Layer, Logger, Random, Redacted, References, Tracer } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { startCollector } from "./Collector.ts"
import * as Export from "../src/telemetry/Export.ts"
import * as SdkTracing from "../src/telemetry/SdkTracing.ts"
import * as TracedBus from "../src/telemetry/TracedBus.ts"

const given = (flags: string) => `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-${flags}`
const nothing = () => ({})

const tracingOf = (ratio: number) =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const tracing = makeTracing(tracer, { ratio, clock: yield* Clock.Clock, random: yield* Random.Random })
    return { tracing, spans }
  })

describe("sampling", { tags: ["ADR-0009.4"] }, () => {
  it.effect("is decided at our door: a stranger can neither be seen by force nor hide, and keeps its trace", () =>
    Effect.gen(function* () {
      const { tracing } = yield* tracingOf(0.1)
      const sampled = (flags: string) =>
        Array.from({ length: 1_000 }, () => tracing.enter(given(flags), () => "x", nothing)).filter(
          ({ span, traceparent }) => {
            const goesOn = traceparent?.slice(3, 35) === given(flags).slice(3, 35)
            return goesOn && isSampled(traceparent) === (span !== null) ? span !== null : assert.fail(`${traceparent}`)
          }
        ).length
      for (const flags of ["00", "01", "ff"]) {
        const seen = sampled(flags)
        assert.isAbove(seen, 50)
        assert.isBelow(seen, 160)
      }
      const { span, traceparent } = (yield* tracingOf(0)).tracing.enter(null, () => "x", nothing)
      assert.deepStrictEqual([span, traceparent], [null, null])
    })
  )

  it("takes no broken trace", () => {
    const broken = ["", "00-0", given("0"), given("zz"), given("01").replace("00-", "cc-"), `${given("01")}-x`, 7, null]
    for (const text of [...broken, `00-${"0".repeat(32)}-b7ad6b7169203331-01`]) assert.isNull(readTraceparent(text))
    assert.strictEqual(readTraceparent(given("01")), given("01"))
  })

  it.effect(
    "below what is not sampled there is nothing; below what is, a child, or a trace of its own with a link",
    () =>
      Effect.gen(function* () {
        const { spans, tracing } = yield* tracingOf(1)
        assert.isNull(tracing.child("client", "x", null, {}))
        assert.isNull(tracing.child("client", "x", given("00"), {}))
        const child = tracing.child("client", "child", given("01"), { a: 1 })
        assert.match(child?.traceparent ?? "", /^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/u)
        const apart = tracing.child("client", "apart", given("01"), {}, true)
        assert.notInclude(apart?.traceparent ?? "", "0af7651916cd43dd8448eb211c80319c")
        assert.strictEqual(spans[1]?.links[0]?.span.spanId, "b7ad6b7169203331")
      })
  )
})

describe("a message in the outbox", { tags: ["ADR-0009.4"] }, () => {
  it("carries a trace that is to be seen, and is as it was when it leaves", () => {
    const payload = { schemaVersion: 1, callId: "x" }
    assert.deepStrictEqual(takeTrace(withTrace(payload, given("01"))), { payload, traceparent: given("01") })
    for (const none of [null, given("00")]) assert.strictEqual(withTrace(payload, none), payload)
    for (const odd of [null, "text", 7, [1]])
      assert.deepStrictEqual(takeTrace(odd), { payload: odd, traceparent: null })
  })
})

setFlagsFromString("--expose-gc")
const collectGarbage = runInNewContext("gc") as () => void
const heap = () => {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

const settingsOf = (url: string): Export.ExportSettings => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_HEADERS: null,
  OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
  DUELINE_TRACER: "embedded",
  DUELINE_TRACE_RATIO: 1
})

const made = 8_000

describe("a collector that", { tags: ["ADR-0009.5"] }, () => {
  it.live.each(["takes", "never answers", "refuses", "says later", "is away"] as const)(
    "%s costs at most five megabytes and no time at a stop, and every span is counted as taken or dropped",
    (how) =>
      Effect.gen(function* () {
        const collector = yield* Effect.acquireRelease(Effect.promise(startCollector), ({ close }) =>
          Effect.promise(close)
        )
        if (how === "is away") yield* Effect.promise(collector.close)
        else collector.behave(how)
        const metrics = makeMetrics()
        const taken = metrics.exportedSpans
        const dropped = metrics.droppedTelemetry.of("traces")
        let spentMs = 0
        const before = heap()
        const use = Effect.gen(function* () {
          const tracing = yield* Tracing
          for (let n = 0; n < made; n += 1) {
            tracing?.enter(null, () => "GET /", nothing).span?.end(null)
            if (n % 500 === 499) yield* Effect.sleep("10 millis")
          }
          yield* Effect.sleep("200 millis")
          // What the collector of this very process keeps is its own.
          if (how !== "takes") assert.isBelow(heap() - before, 5 * 2 ** 20)
          yield* Effect.addFinalizer(() => Effect.sync(() => (spentMs = performance.now())))
        })
        yield* Effect.scoped(
          Effect.provide(Effect.scoped(use), Export.layer(settingsOf(collector.url))).pipe(
            Effect.provideService(Metrics, metrics)
          )
        )
        assert.isBelow(performance.now() - spentMs, 2_500)
        assert.isAtMost(taken.value + dropped.value, made)
        assert.isAtLeast(taken.value + dropped.value, made - 1_024)
        // A burst may be more than can be on its way at once.
        if (how === "takes") assert.isAbove(taken.value, made / 4)
        else assert.strictEqual(taken.value, 0)
      }),
    20_000
  )
})

describe("what is sent", { tags: ["ADR-0009.4"] }, () => {
  it.live("is protobuf unless JSON is asked for, with the headers that the collector wants", () =>
    Effect.gen(function* () {
      const collector = yield* Effect.acquireRelease(Effect.promise(startCollector), ({ close }) =>
        Effect.promise(close)
      )
      const settings = {
        ...settingsOf(collector.url),
        OTEL_EXPORTER_OTLP_PROTOCOL: "http/protobuf" as const,
        OTEL_EXPORTER_OTLP_HEADERS: Redacted.make("x-tenant=a%20b, x-other=c")
      }
      const use = Effect.map(Tracing, (tracing) => tracing?.enter(null, () => "GET /traced", nothing).span?.end(null))
      yield* Effect.provide(use, Export.layer(settings)).pipe(Effect.provideService(Metrics, makeMetrics()))
      assert.include(collector.text(), "GET /traced")
      assert.include(collector.text(), "ops_concurrent_requests")
      for (const headers of collector.headers) {
        assert.deepInclude(headers, { "content-type": "application/x-protobuf", "x-tenant": "a b", "x-other": "c" })
      }
    })
  )
})

describe("an OpenTelemetry SDK in the process", { tags: ["ADR-0009.6"] }, () => {
  const settings = { DUELINE_TRACE_RATIO: 1 }

  it.live("gets the same spans as the embedded exporter, and its ids go on", () =>
    Effect.gen(function* () {
      const missing = yield* Effect.flip(Effect.provide(Tracing, SdkTracing.layer(settings)))
      assert.include(missing.message, "--import")
      const memory = new InMemorySpanExporter()
      trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }))
      yield* Effect.addFinalizer(() => Effect.sync(() => trace.disable()))
      const tracing = yield* Effect.provide(Tracing, SdkTracing.layer(settings))
      const entered = tracing?.enter(
        given("00"),
        () => "POST /v1/service-calls",
        () => ({ "http.route": "/x" })
      )
      const child = tracing?.child("client", "POST", entered?.traceparent ?? null, {})
      child?.end("connect")
      entered?.span?.end(null)
      const [attempt, request] = memory.getFinishedSpans()
      assert.strictEqual(request?.spanContext().traceId, "0af7651916cd43dd8448eb211c80319c")
      assert.strictEqual(request?.parentSpanContext?.spanId, "b7ad6b7169203331")
      assert.strictEqual(request?.attributes["http.route"], "/x")
      assert.strictEqual(attempt?.parentSpanContext?.spanId, request?.spanContext().spanId)
      assert.strictEqual(attempt?.attributes["error.type"], "connect")
      assert.isTrue(isSampled(entered?.traceparent ?? null))
    })
  )
})

describe("lines of the log", { tags: ["ADR-0009.7"] }, () => {
  const lines: Array<Readonly<Record<string, unknown>>> = []
  const keep = Logger.make<unknown, void>(({ fiber }) => {
    lines.push(fiber.getRef(References.CurrentLogAnnotations))
  })

  it.live("that a message causes name its tenant, its event and its trace", () =>
    Effect.gen(function* () {
      const built = yield* Layer.build(TracedBus.layer.pipe(Layer.provide(EventBusMemory.layer())))
      const bus = Context.get(built, EventBus)
      const tenantId = TenantId.make("00000000-0000-4000-8000-000000000001")
      const message = { eventId: "e1", tenantId, streamId: StreamId.make(tenantId), topic: "ops.test", payload: {} }
      const handler = () => Effect.as(Effect.logInfo("handled"), ack)
      yield* bus.consume({ group: "watchers", topics: [] }, handler)
      yield* bus.publish({ ...message, traceparent: given("01") })
      yield* bus.publish({ ...message, eventId: "e2", traceparent: given("00") })
      const about = { tenantId, group: "watchers", topic: "ops.test" }
      assert.deepStrictEqual(lines, [
        { ...about, eventId: "e1", traceId: "0af7651916cd43dd8448eb211c80319c" },
        { ...about, eventId: "e2" }
      ])
    }).pipe(Effect.scoped, Effect.provide(Logger.layer([keep])))
  )
})
