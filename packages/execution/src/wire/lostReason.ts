/** Says in words why an exchange brought no answer. Undici's error codes carry no part of the request; of its messages only what its parser says is used. */
import { AnswerRefused } from "./AnswerFilter.ts"
import type { ExchangeResult } from "../Exchange.ts"
import { ConnectRefused, NotSentRefusal } from "./refusals.ts"

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

export const lostReason = (error: Error): ExchangeResult => {
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
