/**
 * Whether the page that makes a request is one of this edge. A cookie goes along with requests of every page on the same *site*, another
 * port of the same host included, whatever `SameSite` says; what the browser says of the page decides here. Pure.
 */
import type { SessionSettings } from "./SessionSettings.ts"

type Headers = Readonly<Record<string, string | undefined>>

const safe = new Set(["GET", "HEAD", "OPTIONS"])

const isSame = (origin: string, host: string | undefined, publicUrl: URL | null): boolean => {
  const url = URL.parse(origin)
  return url !== null && (url.host === host?.toLowerCase() || url.origin === publicUrl?.origin)
}

/**
 * By Fetch Metadata, which every browser sends to https and to this machine, else by `Origin`, which it sends with everything that changes
 * something. Who sends neither may read: that is no browser, or a person who typed the address.
 */
export const isFromHere = (
  method: string,
  headers: Headers,
  { publicUrl }: Pick<SessionSettings, "publicUrl">
): boolean => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return site === "same-origin" || (safe.has(method) && site === "none")
  const origin = headers["origin"]
  return origin === undefined ? safe.has(method) : isSame(origin, headers["host"], publicUrl)
}

/** The same where no cookie is in play: only what says that it is from elsewhere is. */
export const isFromElsewhere = (headers: Headers, { publicUrl }: Pick<SessionSettings, "publicUrl">): boolean => {
  const site = headers["sec-fetch-site"]
  const origin = headers["origin"]
  if (site !== undefined && site !== "same-origin" && site !== "none") return true
  return origin !== undefined && !isSame(origin, headers["host"], publicUrl)
}

const isAddress = (hostname: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[\da-f:.]+\])$/iu.test(hostname)

/** Nobody can make a name of this machine, or an address, stand for another machine first. */
export const isOwnHost = (
  host: string | undefined,
  { ownHostsOnly, publicUrl }: Pick<SessionSettings, "ownHostsOnly" | "publicUrl">
): boolean => {
  if (!ownHostsOnly || host === undefined) return true
  const hostname = URL.parse(`http://${host}`)?.hostname
  if (hostname === undefined) return false
  return /(?:^|\.)localhost$/u.test(hostname) || isAddress(hostname) || hostname === publicUrl?.hostname
}
