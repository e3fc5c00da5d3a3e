/** A collector of OpenTelemetry in the test's own process: keeps what it is sent, as JSON, and may be made to behave badly. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"

export interface SeenSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: Readonly<Record<string, unknown>> }>
  readonly links?: ReadonlyArray<{ readonly traceId: string; readonly spanId: string }>
}

type Behaviour = "takes" | "never answers" | "refuses" | "says later"

export interface Collector {
  readonly url: string
  readonly spans: ReadonlyArray<SeenSpan>
  /** All that came, as text. */
  readonly text: () => string
  /** Names of metrics that came. */
  readonly metrics: ReadonlySet<string>
  readonly requests: () => number
  /** Of each request that it took. */
  readonly headers: ReadonlyArray<IncomingHttpHeaders>
  readonly behave: (how: Behaviour) => void
  readonly close: () => Promise<void>
}

interface Body {
  readonly resourceSpans?: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<SeenSpan> }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<{ readonly name: string }> }>
  }>
}

export const startCollector = async (): Promise<Collector> => {
  const spans: Array<SeenSpan> = []
  const texts: Array<string> = []
  const metrics = new Set<string>()
  const headers: Array<IncomingHttpHeaders> = []
  let how: Behaviour = "takes"
  let requests = 0
  const server: Server = createServer((request, response) => {
    requests += 1
    let text = ""
    request.setEncoding("latin1").on("data", (chunk: string) => (text += chunk))
    request.on("end", () => {
      if (how === "never answers") return
      if (how === "refuses") return void response.writeHead(503).end()
      if (how === "says later") return void response.writeHead(429, { "retry-after": "3600" }).end()
      texts.push(text)
      headers.push(request.headers)
      if (request.headers["content-type"] !== "application/json") return void response.writeHead(200).end()
      const body = JSON.parse(text) as Body
      for (const { scopeSpans } of body.resourceSpans ?? []) for (const scope of scopeSpans) spans.push(...scope.spans)
      for (const { scopeMetrics } of body.resourceMetrics ?? [])
        for (const scope of scopeMetrics) for (const { name } of scope.metrics) metrics.add(name)
      response.writeHead(200, { "content-type": "application/json" }).end("{}")
    })
  })
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done))
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    text: () => texts.join("\n"),
    metrics,
    requests: () => requests,
    headers,
    behave: (next) => {
      how = next
    },
    close: () => {
      server.closeAllConnections()
      return new Promise((done) => void server.close(() => done()))
    }
  }
}

/** The spans of a trace whose parents are not among them: one, where all hang together. */
export const rootsOf = (spans: ReadonlyArray<SeenSpan>): ReadonlyArray<SeenSpan> => {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  return spans.filter(({ parentSpanId = "" }) => !ids.has(parentSpanId))
}

export const attributeOf = ({ attributes }: SeenSpan, name: string): unknown =>
  Object.values(attributes.find(({ key }) => key === name)?.value ?? {})[0]
