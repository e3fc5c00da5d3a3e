/** One request and its answer on the wire, in callbacks: this runs thousands of times a second and allocates accordingly little. */
import type { OutgoingResult } from "@dueline/contracts/ports/HttpClient"
import type { Dispatcher } from "undici"
import { ConnectRefused } from "./pinnedConnector.ts"

export type Unanswered = Extract<OutgoingResult, { readonly _tag: "Unanswered" }>
type Header = string | ReadonlyArray<string> | undefined

/** What an exchange came to; the caller knows how long it took. */
export type ExchangeResult =
  | Omit<Extract<OutgoingResult, { readonly _tag: "Answered" }>, "durationMs">
  | Omit<Unanswered, "durationMs">

const unanswered = (reason: Unanswered["reason"], detail: string): ExchangeResult => ({
  _tag: "Unanswered",
  reason,
  detail
})

/** Undici's error codes carry no part of the request, its messages may. */
const reasonOf = (error: Error): ExchangeResult => {
  if (error instanceof ConnectRefused) return unanswered(error.reason, error.message)
  const code = "code" in error && typeof error.code === "string" ? error.code : "unknown error"
  switch (code) {
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return unanswered("egress_denied", "the request is not one that may be sent")
    case "UND_ERR_MAX_ORIGINS_REACHED":
      return unanswered("connect", "too many hosts at once")
    case "UND_ERR_HEADERS_OVERFLOW":
      return unanswered("connection_lost", "the answer's headers are too large")
    case "UND_ERR_DESTROYED":
    case "UND_ERR_CLOSED":
      return unanswered("connection_lost", "the client was closed")
    default:
      return unanswered("connection_lost", code)
  }
}

const aborted = new Error("aborted")
const nothing = new Uint8Array(0)

export class Exchange implements Dispatcher.DispatchHandler {
  #controller: Dispatcher.DispatchController | null = null
  #settled = false
  #status = 0
  #headers: Readonly<Record<string, Header>> = {}
  #chunks: Array<Uint8Array> = []
  #kept = 0
  readonly #maxBytes: number
  readonly #wanted: () => boolean
  readonly #done: (result: ExchangeResult) => void

  /** `done` is called once, unless the exchange is abandoned first. */
  constructor(maxBytes: number, wanted: () => boolean, done: (result: ExchangeResult) => void) {
    this.#maxBytes = maxBytes
    this.#wanted = wanted
    this.#done = done
  }

  /** Stops it wherever it is: nothing is sent if it still waits for a connection, the connection is destroyed if it has one. */
  abandon(): void {
    this.#settled = true
    this.#controller?.abort(aborted)
  }

  /** Called when a connection is free for the request, before anything is written to it. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (!this.#settled && !this.#wanted())
      this.#settle(unanswered("timeout", "its time was over before a connection was there"))
    if (this.#settled) controller.abort(aborted)
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
    if (chunk.length <= room) {
      this.#kept += chunk.length
      this.#chunks.push(chunk)
      return
    }
    if (room > 0) this.#chunks.push(chunk.subarray(0, room))
    this.#answer(true)
    this.#controller?.abort(aborted)
  }

  onResponseEnd(): void {
    this.#answer(false)
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#settle(reasonOf(error))
  }

  #answer(truncated: boolean): void {
    const headers: Record<string, string> = {}
    for (const name in this.#headers) {
      const value = this.#headers[name]
      if (value !== undefined) headers[name] = typeof value === "string" ? value : value.join(", ")
    }
    const chunks = this.#chunks
    const body = chunks.length > 1 ? new Uint8Array(Buffer.concat(chunks)) : (chunks[0] ?? nothing)
    this.#settle({ _tag: "Answered", status: this.#status, headers, body, truncated })
  }

  #settle(result: ExchangeResult): void {
    if (this.#settled) return
    this.#settled = true
    this.#done(result)
  }
}
