/**
 * The cookie by which a browser holds its session. Where the browser sees https it is `Secure` and has the prefix `__Host-`, which no other
 * host and no page over plain http can set; else it has neither, since some browsers refuse both on plain loopback. Pure.
 */
import type { SessionSettings } from "./SessionSettings.ts"

type Headers = Readonly<Record<string, string | undefined>>

const name = "dueline_session"
const secureName = `__Host-${name}`

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
export const cookieIn = (headers: Headers, settings: Pick<SessionSettings, "publicUrl">): string | null => {
  const header = headers["cookie"]
  if (header === undefined) return null
  const secure = valueOf(header, secureName)
  return secure ?? (settings.publicUrl?.protocol === "https:" ? null : valueOf(header, name))
}

const attributes = { httpOnly: true, sameSite: "strict", path: "/" } as const

/** As the framework sets it. */
type SetCookie = readonly [
  name: string,
  value: string,
  options: typeof attributes & { readonly secure: boolean; readonly maxAge: `${number} seconds` }
]

const set = (secure: boolean, value: string, seconds: number): SetCookie => [
  secure ? secureName : name,
  value,
  { ...attributes, secure, maxAge: `${seconds} seconds` }
]

export const cookieOf = (
  secret: string,
  maxAgeSeconds: number,
  headers: Headers,
  settings: Pick<SessionSettings, "publicUrl">
): SetCookie => set(isSecure(headers["origin"], settings), secret, maxAgeSeconds)

/** Takes both away. */
export const clearedCookies: ReadonlyArray<SetCookie> = [set(true, "", 0), set(false, "", 0)]
