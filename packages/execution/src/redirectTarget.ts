/** Where an answer sends a request on to, if a request may be sent on at all: the same host, nothing lost, never from https to http. */
import type { HttpMethod } from "@dueline/contracts/serviceCall/Spec"

export type Redirect =
  | { readonly _tag: "Final" }
  | { readonly _tag: "Follow"; readonly url: URL }
  | { readonly _tag: "Refused"; readonly detail: string }

const final: Redirect = { _tag: "Final" }
const refused = (detail: string): Redirect => ({ _tag: "Refused", detail })
const codes: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * RFC 9110 §15.4, read strictly. 301, 302 and 303 turn other methods into GET, which would lose the body: refused. The origin must
 * stay the same, except that http may become https on the same host.
 */
export const redirectTarget = (
  from: URL,
  method: HttpMethod,
  status: number,
  location: string | undefined
): Redirect => {
  if (location === undefined || !codes.has(status)) return final
  if (method !== "GET" && method !== "HEAD" && status !== 307 && status !== 308) {
    return refused(`${status} would turn ${method} into GET`)
  }
  const to = URL.parse(location, from.href)
  if (to === null) return refused("the redirect leads to something that is no URL")
  if (to.username !== "" || to.password !== "") return refused("the redirect carries credentials")
  const upgraded = from.protocol === "http:" && to.protocol === "https:" && (to.port === "" || to.port === from.port)
  if (to.hostname !== from.hostname || (to.origin !== from.origin && !upgraded))
    return refused("the redirect leads to another host")
  return { _tag: "Follow", url: to }
}
