/** A Node server that answers also what never becomes a request with a problem document, and does not wait for slow clients. */
import { apiVersion } from "@dueline/contracts/api/Api"
import { problemBody, problemContentType } from "@dueline/contracts/api/Problem"
import { type ProblemCode, problemCodes } from "@dueline/contracts/api/ProblemCode"
import type { CorrelationId } from "@dueline/contracts/Ids"
import { randomBytes } from "node:crypto"
import { createServer, type Server, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

export interface ServerLimits {
  readonly maxHeaderBytes: number
  /** From the first byte of a request to the last, in milliseconds. */
  readonly requestTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly keepAliveTimeoutMs: number
}

export const defaultServerLimits: ServerLimits = {
  maxHeaderBytes: 16 * 1024,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  keepAliveTimeoutMs: 65_000
}

export const createHttpServer = (limits: ServerLimits = defaultServerLimits): Server => {
  const server = createServer({
    maxHeaderSize: limits.maxHeaderBytes,
    requestTimeout: limits.requestTimeoutMs,
    headersTimeout: limits.headersTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: 1_000
  })
  server.on("clientError", answerBrokenRequest)
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
  const code = codes[error.code ?? ""] ?? "malformed_request"
  const { status, title } = problemCodes[code]
  // There is no fiber here, hence no Effect dice.
  const correlationId = randomBytes(8).readBigUInt64BE().toString(36) as CorrelationId
  const body = JSON.stringify(problemBody(code, correlationId, title))
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
      "Connection: close",
      `Content-Type: ${problemContentType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Correlation-Id: ${correlationId}`,
      `X-Api-Version: ${apiVersion}`,
      "",
      body
    ].join("\r\n")
  )
}
