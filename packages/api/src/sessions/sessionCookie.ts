/**
 * The cookie by which a browser holds its session, and the one that it keeps while it is at the identity provider. Where the browser sees https it is `Secure` and has the prefix `__Host-`, which no other
 * host and no page over plain http can set; else it has neither, since some browsers refuse both on plain loopback. Pure.
 */
import type { SessionSettings } from "./SessionAccess.ts"

type Headers = Readonly<Record<string, string | undefined>>

/** The second comes back with a request that begins on another site. */
const kinds = {
  session: { name: "dueline_session", sameSite: "strict" },
  "sign-in": { name: "dueline_sign_in", sameSite: "lax" }
} as const
type Kind = keyof typeof kinds

const secured = (name: string): string => `__Host-${name}`

/** The browser says where its page is from when it changes something. */
const isSecure = (origin: string | undefined, { publicUrl }: Pick<SessionSettings, "publicUrl">): boolean =>
  publicUrl === null ? origin?.startsWith("https://") === true : publicUrl.protocol === "https:"

/** The values of a name, as a browser sends them: one that is there twice is nobody's. */
const valueOf = (header: string, wanted: string): string | null => {
  const values = header.split(";").flatMap((pair) => {
    const at = pair.indexOf("=")
    return at > 0 && pair.slice(0, at).trim() === wanted ? [pair.slice(at + 1).trim()] : []
  })
  return values.length === 1 ? (values[0] ?? null) : null
}

/** Null when there is none. Over https, where that is settled, the plain name is not looked at: another host may have set it. */
export const cookieIn = (kind: Kind, headers: Headers, settings: Pick<SessionSettings, "publicUrl">): string | null => {
  const header = headers["cookie"]
  if (header === undefined) return null
  const { name } = kinds[kind]
  const secure = valueOf(header, secured(name))
  return secure ?? (settings.publicUrl?.protocol === "https:" ? null : valueOf(header, name))
}

/** As the framework sets it. */
type SetCookie = readonly [
  name: string,
  value: string,
  options: {
    readonly httpOnly: true
    readonly sameSite: "strict" | "lax"
    readonly path: "/"
    readonly secure: boolean
    readonly maxAge: `${number} seconds`
  }
]

const set = (kind: Kind, secure: boolean, value: string, seconds: number): SetCookie => {
  const { name, sameSite } = kinds[kind]
  return [
    secure ? secured(name) : name,
    value,
    { httpOnly: true, sameSite, path: "/", secure, maxAge: `${seconds} seconds` }
  ]
}

export const cookieOf = (
  kind: Kind,
  value: string,
  maxAgeSeconds: number,
  headers: Headers,
  settings: Pick<SessionSettings, "publicUrl">
): SetCookie => set(kind, isSecure(headers["origin"], settings), value, maxAgeSeconds)

/** Takes it away under both names. */
export const clearedCookies = (kind: Kind): ReadonlyArray<SetCookie> => [
  set(kind, true, "", 0),
  set(kind, false, "", 0)
]

/**
 * Whether the page that makes a request is one of this edge. A cookie goes along with requests of every page on the same *site*, another
 * port of the same host included, whatever `SameSite` says; what the browser says of the page decides here. Pure.
 */
type OriginHeaders = Readonly<Record<string, string | undefined>>

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
  headers: OriginHeaders,
  { publicUrl }: Pick<SessionSettings, "publicUrl">
): boolean => {
  const site = headers["sec-fetch-site"]
  if (site !== undefined) return site === "same-origin" || (safe.has(method) && site === "none")
  const origin = headers["origin"]
  return origin === undefined ? safe.has(method) : isSame(origin, headers["host"], publicUrl)
}

/** The same where no cookie is in play: only what says that it is from elsewhere is. */
export const isFromElsewhere = (headers: OriginHeaders, { publicUrl }: Pick<SessionSettings, "publicUrl">): boolean => {
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
