/** One request and its answer on the wire, in callbacks: this runs thousands of times a second and allocates accordingly little. */
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { Dispatcher } from "undici"
import { AnswerRefused } from "./AnswerFilter.ts"
import type { Connection } from "./Connections.ts"
import { ConnectRefused, NotSentRefusal } from "./openSocket.ts"

type Lost = Extract<ExchangeResult, { readonly _tag: "Unanswered" }>["reason"]

const unanswered = (reason: Lost, detail: string): ExchangeResult => ({ _tag: "Unanswered", reason, detail })

const lost = (detail: string): ExchangeResult => unanswered("connection_lost", detail)

const codeOf = (error: Error): string => ("code" in error && typeof error.code === "string" ? error.code : "")

const closed = "the target closed the connection before its answer was complete"

const words: Readonly<Record<string, string>> = {
  UND_ERR_HEADERS_OVERFLOW: "the headers of the answer are too large",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "the answer's content and its Content-Length do not agree",
  HPE_INVALID_EOF_STATE: closed,
  UND_ERR_SOCKET: closed,
  UND_ERR_DESTROYED: "this client was closed",
  UND_ERR_CLOSED: "this client was closed",
  UND_ERR_ABORTED: "this client was closed",
  ECONNRESET: "the target reset the connection before its answer was complete",
  EPIPE: "the target closed the connection while the request was being sent",
  ETIMEDOUT: "the connection to the target was lost (ETIMEDOUT)"
}

/** What llhttp found, from `Response does not match the HTTP/1.1 protocol (Expected HTTP/)`: fixed sentences, nothing of the answer. */
const parserSaid = (error: Error): string => /\(([^()]{1,200})\)$/.exec(error.message)?.[1] ?? codeOf(error)

/**
 * Why an exchange brought no answer, in words. Undici's error codes carry no part of the request; of its messages only what its parser says
 * is used.
 */
const lostReason = (error: Error): ExchangeResult => {
  if (error instanceof ConnectRefused) return unanswered(error.reason, error.message)
  if (error instanceof NotSentRefusal) return { _tag: "NotSent", reason: error.reason, detail: error.message }
  if (error instanceof AnswerRefused) return lost(error.message)
  const code = codeOf(error)
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return unanswered("egress_denied", "the request is not one that may be sent: a header or its value is not allowed")
  }
  const known = words[code]
  if (known !== undefined) return lost(known)
  if (code.startsWith("HPE_")) return lost(`the target did not answer with HTTP: ${parserSaid(error)}`)
  if (/SSL|TLS/.test(code)) return lost(`the TLS connection to the target failed (${code})`)
  // An assertion inside the parser: the bytes were such that its authors did not think of them.
  if (code === "" || code === "ERR_ASSERTION") return lost("the target did not answer with HTTP: the parser gave up")
  return lost(`the connection to the target was lost (${code})`)
}

type WithoutDuration<T> = T extends OutgoingResult ? Omit<T, "durationMs"> : never
type Header = string | ReadonlyArray<string> | undefined

/** What an exchange came to; the caller knows how long it took. */
export type ExchangeResult = WithoutDuration<OutgoingResult>

/** `stale`: a connection that was used before died before it took a byte. Another one may be tried: nothing has left. */
export type ExchangeEnd = ExchangeResult | "stale"

const unwanted: ExchangeResult = {
  _tag: "NotSent",
  reason: "unwanted",
  detail: "the request was no longer wanted when its connection was there"
}

const aborted = new Error("aborted")
const nothing = new Uint8Array(0)

export class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #status = 0
  #headers: Readonly<Record<string, Header>> = {}
  #body: Uint8Array = nothing
  /** The body is in a buffer of our own, which may be longer than what is kept. */
  #copied = false
  #kept = 0
  readonly #connection: Connection
  readonly #maxBytes: number
  readonly #leaves: () => boolean
  readonly #done: (end: ExchangeEnd) => void

  /**
   * `leaves` is asked at the instant the first byte is about to leave, and decides. `done` is called once, unless the exchange is
   * abandoned first; by then the connection is free for others or closed.
   */
  constructor(connection: Connection, maxBytes: number, leaves: () => boolean, done: (end: ExchangeEnd) => void) {
    this.#connection = connection
    this.#maxBytes = maxBytes
    this.#leaves = leaves
    this.#done = done
  }

  /** Stops it wherever it is: nothing is sent if it has no connection yet, the connection is destroyed if it has one. */
  abandon(): void {
    if (this.#settled) return
    this.#settled = true
    this.#stop()
  }

  /** Called when the connection is there, before anything is written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) return controller.abort(aborted)
    this.#connection.begin(this.#maxBytes)
    if (this.#leaves()) {
      this.#controller = controller
      return
    }
    this.#settled = true
    controller.abort(aborted)
    this.#connection.close()
    this.#done(unwanted)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, Header>>
  ): void {
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    if (this.#settled) return
    const room = this.#maxBytes - this.#kept
    this.#keep(chunk.length <= room ? chunk : chunk.subarray(0, room))
    if (chunk.length <= room) return
    this.#settled = true
    const answer = this.#answer(true)
    // What comes after is not read.
    this.#stop()
    this.#done(answer)
  }

  onResponseEnd(): void {
    if (this.#settled) return
    const answer = this.#answer(false)
    this.#settled = true
    // In a microtask undici has settled whether the connection may be used again.
    queueMicrotask(() => {
      this.#connection.release()
      this.#done(answer)
    })
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#settled) return
    this.#settled = true
    const stale = this.#controller === null && this.#connection.used
    this.#connection.close()
    this.#done(stale ? "stale" : lostReason(error))
  }

  #stop(): void {
    this.#controller?.abort(aborted)
    this.#connection.close()
  }

  /** Many small chunks go into one buffer that grows: each alone would keep far more memory than it holds. */
  #keep(chunk: Uint8Array): void {
    const end = this.#kept + chunk.length
    if (this.#kept === 0) this.#body = chunk
    else {
      if (!this.#copied || end > this.#body.length) {
        const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(end, 2 * this.#kept, 4_096)))
        grown.set(this.#body.subarray(0, this.#kept))
        this.#body = grown
        this.#copied = true
      }
      this.#body.set(chunk, this.#kept)
    }
    this.#kept = end
  }

  #answer(truncated: boolean): ExchangeResult {
    const headers: Record<string, string> = {}
    for (const name in this.#headers) {
      const value = this.#headers[name]
      if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ")
    }
    const body = this.#copied ? this.#body.subarray(0, this.#kept) : this.#body
    return { _tag: "Answered", status: this.#status, headers, body, truncated }
  }
}
