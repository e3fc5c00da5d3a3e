/** A Node server that answers also what never becomes a request with a problem document, and does not wait for slow clients. */
import { apiVersion } from "@dueline/contracts/api/Api"
import { problemBody, type ProblemCode, problemCodes, problemContentType } from "@dueline/contracts/api/Problem"
import type { CorrelationId } from "@dueline/contracts/Ids"
// oxlint-disable-next-line eslint/no-restricted-imports -- the socket's own callback answers a broken request: no fiber, no Random
import { randomBytes } from "node:crypto"
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { boundConnections, defaultConnectionLimit } from "./boundConnections.ts"
import { partWithClients } from "./partWithClients.ts"
import { offerFirst, type Take } from "./PlainRequests.ts"

export interface ServerLimits {
  readonly maxHeaderBytes: number
  /** From the first byte of a request to the last, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
  /** When the server closes: how long a connection that is not used waits for its client to close it too. */
  readonly lingerMs: number
  /** At once; of one address as many as there is room left. */
  readonly connections: number
}

export const defaultServerLimits: ServerLimits = {
  maxHeaderBytes: 16 * 1024,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000,
  lingerMs: 300,
  connections: defaultConnectionLimit
}

/** `take`: whoever sees requests before the listeners do. */
export const createHttpServer = (take: Take | null = null, limits: ServerLimits = defaultServerLimits): Server => {
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1_000,
    // Node's own refusal would be bare: the edge refuses instead.
    requireHostHeader: false,
    // Nothing here upgrades: such a request is answered as if it had not asked (RFC 9110 § 7.8).
    shouldUpgradeCallback: () => false
  })
  boundConnections(server, limits.connections)
  if (take !== null) offerFirst(server, take)
  partWithClients(server, limits.lingerMs)
  server.on("clientError", answerBrokenRequest)
  server.on("checkExpectation", refuseExpectation)
  server.on("connect", (_request, socket: Duplex) => answerOnSocket(socket, "method_not_allowed", connectAllow))
  return server
}

const codes: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: "header_too_large",
  ERR_HTTP_REQUEST_TIMEOUT: "request_timeout"
}

const answerBrokenRequest = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy()
    return
  }
  answerOnSocket(socket, codes[error.code ?? ""] ?? "malformed_request")
}

const refuseExpectation = (_request: IncomingMessage, response: ServerResponse): void => {
  const { body, headers, status } = problem("expectation_failed")
  response.writeHead(status, headers).end(body)
}

/** A proxy's method: no address here takes it, so the list is empty (RFC 9110 § 10.2.1). */
const connectAllow = { Allow: "" }

const answerOnSocket = (socket: Duplex, code: ProblemCode, more: Readonly<Record<string, string>> = {}): void => {
  const { body, headers, status } = problem(code)
  const lines = Object.entries({ ...headers, ...more }).map(([name, value]) => `${name}: ${value}`)
  // The peer may be gone already, which is no matter.
  socket.on("error", () => socket.destroy())
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`, ...lines, "", body].join("\r\n"))
}

const problem = (code: ProblemCode) => {
  const { status, title } = problemCodes[code]
  // There is no fiber here, hence no Effect dice.
  const correlationId = randomBytes(8).readBigUInt64BE().toString(36) as CorrelationId
  const body = JSON.stringify(problemBody(code, correlationId, title))
  const headers = {
    Connection: "close",
    "Content-Type": problemContentType,
    "Content-Length": String(Buffer.byteLength(body)),
    "X-Correlation-Id": correlationId,
    "X-Api-Version": apiVersion
  }
  return { status, headers, body }
}
