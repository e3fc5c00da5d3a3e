/**
 * The span of each request, before anybody else sees it: what the request says of its trace is replaced by what was decided here, so that
 * whoever reads the header goes on with this span.
 */
import { readTraceparent, type Tracing } from "@dueline/contracts/telemetry/Tracing"
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import { routeOf } from "./methodsOf.ts"

/** Asked every few seconds by those who watch; nobody wants to see a trace of it. */
const unseen = /^\/(?:health|ready|metrics)(?:[/?]|$)/u

const pathOf = ({ url = "" }: IncomingMessage): string => url.split("?", 1)[0] ?? ""

export const traceRequests = (server: Server, tracing: Tracing | null): Server => {
  if (tracing === null) return server
  const begin = (request: IncomingMessage, response: ServerResponse): void => {
    if (unseen.test(request.url ?? "")) return
    const route = () => routeOf(pathOf(request)) ?? "other"
    const { span, traceparent } = tracing.enter(
      readTraceparent(request.headers["traceparent"]),
      () => `${request.method} ${route()}`,
      () => ({ "http.request.method": request.method ?? "", "http.route": route(), "url.scheme": "http" })
    )
    if (traceparent !== null) request.headers["traceparent"] = traceparent
    if (span === null) return
    response.once("close", () => {
      const status = response.writableFinished ? response.statusCode : 0
      if (status > 0) span.set("http.response.status_code", status)
      if (status > 0) span.end(status >= 500 ? String(status) : null)
      else span.end("client_gone")
    })
  }
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: Array<unknown>): boolean => {
    if (event === "request") begin(args[0] as IncomingMessage, args[1] as ServerResponse)
    return emit(event, ...args)
  }
  return server
}
