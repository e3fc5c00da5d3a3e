/**
 * * Metrics for Prometheus, in its text form 0.0.4. Tenants' ids stand in them, so that not everybody may read them: with a token whoever has it;
 * without one only this machine, or on a port of their own whoever reaches that. What a process tells of itself: version, roles, memory, processor
 * time, how late its event loop is. Read when somebody asks.
 */
import { problemReply, responseOf } from "@dueline/api/requests/answer"
import { CurrentCorrelationId } from "@dueline/api/requests/headers"
import { denied } from "@dueline/api/requests/refusal"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Clock, Context, Effect, Layer, Metric, Redacted } from "effect"
import { HttpRouter, HttpServerRequest, HttpServerResponse } from "effect/http"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { monitorEventLoopDelay } from "node:perf_hooks"
import type { Settings } from "../Configuration.ts"
import type { Deployment } from "../Deployment.ts"
import { version } from "../Phase.ts"
import { WriteWatch } from "../Storage.ts"

const path = "/metrics"
const textForm = "text/plain; version=0.0.4; charset=utf-8"

type Access = Pick<Settings, "DUELINE_METRICS_TOKEN" | "DUELINE_METRICS_PORT">

/** All that is counted, as text. */
export const format = (metrics: Metrics, elapsed: number): string => {
  const { registry, tenants } = metrics.instruments
  tenants.look(elapsed)
  return PrometheusMetrics.formatUnsafe(Context.make(Metric.MetricRegistry, registry))
}

const printOf = (text: string) => createHash("sha256").update(text).digest()

/** Whether this `Authorization` has the token, in a time that does not say how much of it was right. */
const hasToken = (token: Redacted.Redacted, authorization: string | undefined): boolean =>
  timingSafeEqual(printOf(`Bearer ${Redacted.value(token)}`), printOf(authorization ?? ""))

const loopback = /^(?:::ffff:)?127\.|^::1$/u

interface Asked {
  readonly authorization: string | undefined
  /** It came from this machine, and no proxy says that it came from elsewhere. */
  readonly isLocal: boolean
}

/** Null when metrics may be shown; otherwise what to do. */
const refusalOf = (token: Redacted.Redacted | null, { authorization, isLocal }: Asked): string | null => {
  if (token !== null) {
    return hasToken(token, authorization)
      ? null
      : "Send the token of DUELINE_METRICS_TOKEN, as Authorization: Bearer TOKEN."
  }
  return isLocal
    ? null
    : "Without a token metrics are for this machine only: set DUELINE_METRICS_TOKEN, or DUELINE_METRICS_PORT for a port of their own."
}

const reading = Effect.gen(function* () {
  const metrics = yield* Metrics
  const clock = yield* Clock.Clock
  return () => format(metrics, Number(clock.monotonicTimeNanosUnsafe()) / 1e6)
})

/** On the port of the edge, unless they have one of their own. */
export const layerRoute = ({ DUELINE_METRICS_PORT: port, DUELINE_METRICS_TOKEN: token }: Access) =>
  port > 0
    ? Layer.empty
    : Layer.effectDiscard(
        Effect.gen(function* () {
          const router = yield* HttpRouter.HttpRouter
          const read = yield* reading
          const answer = Effect.gen(function* () {
            const { headers, source } = yield* HttpServerRequest.HttpServerRequest
            const { remoteAddress } = (source as IncomingMessage).socket
            const isForwarded = headers["forwarded"] !== undefined || headers["x-forwarded-for"] !== undefined
            const refusal = refusalOf(token, {
              authorization: headers["authorization"],
              isLocal: loopback.test(remoteAddress ?? "") && !isForwarded
            })
            if (refusal === null) return HttpServerResponse.text(read(), { contentType: textForm })
            return responseOf(problemReply(denied("unauthenticated", refusal), yield* CurrentCorrelationId))
          })
          yield* router.add("GET", path, answer)
        })
      )

const plainly = (response: ServerResponse, status: number, text: string, type = "text/plain; charset=utf-8"): void => {
  const headers = { "content-type": type, "content-length": Buffer.byteLength(text) }
  response.writeHead(status, status === 401 ? { ...headers, "www-authenticate": "Bearer" } : headers).end(text)
}

/** On a port of their own, for networks where only those who watch can reach it. */
export const layerPort = ({
  DUELINE_METRICS_PORT: port,
  DUELINE_METRICS_TOKEN: token,
  HOST
}: Access & Pick<Settings, "HOST">) =>
  port === 0
    ? Layer.empty
    : Layer.effectDiscard(
        Effect.gen(function* () {
          const read = yield* reading
          const server = createServer(
            { maxHeaderSize: 16_384, requestTimeout: 10_000 },
            ({ headers, method, url }, response) => {
              if (url?.split("?", 1)[0] !== path) return plainly(response, 404, `Metrics are at ${path}.\n`)
              if (method !== "GET" && method !== "HEAD") return plainly(response, 405, "Use GET.\n")
              const refusal = refusalOf(token, { authorization: headers.authorization, isLocal: true })
              if (refusal !== null) return plainly(response, 401, `${refusal}\n`)
              return plainly(response, 200, read(), textForm)
            }
          )
          server.maxConnections = connectionLimit
          yield* Effect.acquireRelease(
            Effect.callback<void, Error>((resume) => {
              server.once("error", (cause) => resume(Effect.fail(new Error(`metrics: ${cause.message}`, { cause }))))
              server.listen(port, HOST, () => resume(Effect.void))
            }),
            () =>
              Effect.sync(() => {
                server.close()
                server.closeAllConnections()
              })
          )
        })
      )

/** Of those who watch, at once. */
const connectionLimit = 64

/** Milliseconds between two looks at the event loop: seldom enough to cost nothing. */
const resolution = 20

export const layerProcess = ({ roles }: Deployment) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const metrics = yield* Metrics
      const { trouble } = yield* WriteWatch
      metrics.instruments.keepFor(roles)
      const delay = monitorEventLoopDelay({ resolution })
      yield* Effect.acquireRelease(
        Effect.sync(() => delay.enable()),
        () => Effect.sync(() => delay.disable())
      )
      metrics.info.of(version, [...roles].join(",")).read = () => 1
      metrics.storeTrouble.read = () => (trouble() === null ? 0 : 1)
      metrics.cpuSeconds.read = () => {
        const { system, user } = process.cpuUsage()
        return (system + user) / 1e6
      }
      metrics.residentBytes.read = () => process.memoryUsage.rss()
      metrics.heapBytes.read = () => process.memoryUsage().heapUsed
      const startedAt = (yield* Clock.currentTimeMillis) / 1_000 - process.uptime()
      metrics.startTime.read = () => startedAt
      metrics.eventLoopDelay.read = () => {
        const late = Math.max(0, delay.percentile(99) / 1e9 - resolution / 1_000)
        delay.reset()
        return late
      }
    })
  )
