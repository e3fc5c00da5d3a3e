/**
 * What the headers of every request say: the id that follows it through answers, logs and events; and one Host (RFC 9112 § 3.2): with two, whoever
 * stands in front may have gone by the other.
 */
import type { CorrelationId } from "@dueline/contracts/Ids"
import { Context } from "effect"
import type { HttpServerRequest } from "effect/http"

/** Set by the edge for every request, before anything else looks at it. */
export const CurrentCorrelationId = Context.Reference<CorrelationId>("@dueline/api/CurrentCorrelationId", {
  defaultValue: () => "0" as CorrelationId
})

const wellFormed = /^[0-9a-z]{1,13}$/u

export const isCorrelationId = (text: unknown): text is CorrelationId =>
  typeof text === "string" && wellFormed.test(text)

/** RFC 9112 § 3.2: a request has one Host. With two, whoever stands in front may have gone by the other one. */
const isHost = (name: string): boolean => name.length === 4 && name.toLowerCase() === "host"

/** `rawHeaders`: names and values by turns, as Node has them; of a name that comes twice its `headers` hold the first alone. */
export const holdsHostTwice = (rawHeaders: ReadonlyArray<string>): boolean => {
  let found = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at] ?? "")) found += 1
  return found > 1
}

/** None, or two. An HTTP/1.0 client, such as a load balancer's probe, may leave it out. */
export const lacksItsHost = ({ headers, source }: HttpServerRequest.HttpServerRequest): boolean => {
  if (headers["host"] === undefined) return "httpVersion" in source && source.httpVersion === "1.1"
  return "rawHeaders" in source && holdsHostTwice(source.rawHeaders as ReadonlyArray<string>)
}
