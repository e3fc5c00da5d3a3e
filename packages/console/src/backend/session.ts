/** Who is signed in here, and what they may do. The edge decides; the page only leaves out what would be refused. */
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest, type HttpClientResponse } from "effect/http"
import { Atom } from "effect/reactivity"
import { credentials, runtime } from "./backend.ts"
import { registry } from "./useAtom.ts"

/** What the edge tells of a session. */
const Told = Schema.Struct({
  subject: Schema.String,
  tenants: Schema.Array(Schema.String),
  tenant: Schema.NullOr(Schema.String),
  roles: Schema.NullOr(Schema.Array(Schema.String)),
  permissions: Schema.Array(Schema.String),
  expiresAt: Schema.String
})

export interface Session {
  readonly subject: string
  readonly tenants: ReadonlyArray<string>
  readonly tenant: string | null
  readonly roles: ReadonlyArray<string> | null
  /** Null where they are not known, as with an API key: then everything is offered. */
  readonly permissions: ReadonlyArray<string> | null
  /** A cookie that no script can read, or a token that was pasted and is forgotten with this tab. */
  readonly by: "cookie" | "token"
}

export type SignIn =
  | { readonly at: "asking" }
  | { readonly at: "out"; readonly why: string | null }
  | { readonly at: "in"; readonly session: Session }

export const signInAtom = Atom.keepAlive(Atom.make<SignIn>({ at: "asking" }))

const tokenKey = "dueline.token"
const tenantKey = "dueline.tenant"

const address = "/console/session"

const enter = (session: Session): void => {
  const chosen = sessionStorage.getItem(tenantKey)
  const tenant = chosen !== null && session.tenants.includes(chosen) ? chosen : (session.tenant ?? session.tenants[0])
  // Named only where there is a choice: whoever runs the installation may belong to no tenant.
  credentials.tenant = session.tenants.length > 1 ? (tenant ?? null) : null
  registry.set(signInAtom, { at: "in", session: { ...session, tenant: tenant ?? null } })
}

const leave = (why: string | null): void => registry.set(signInAtom, { at: "out", why })

const readToken = (token: string): Session => {
  try {
    const [, payload = ""] = token.split(".")
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0))
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const tenant = typeof claims["tenant_id"] === "string" ? claims["tenant_id"] : null
    const others = Array.isArray(claims["tenants"]) ? (claims["tenants"] as ReadonlyArray<string>) : []
    return {
      subject: String(claims["sub"] ?? "token"),
      tenants: [...new Set([...(tenant === null ? [] : [tenant]), ...others])],
      tenant,
      roles: Array.isArray(claims["roles"]) ? (claims["roles"] as ReadonlyArray<string>) : null,
      permissions: String(claims["scope"] ?? "").split(" "),
      by: "token"
    }
  } catch {
    return { subject: "API key", tenants: [], tenant: null, roles: null, permissions: null, by: "token" }
  }
}

const told = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<typeof Told.Type, unknown> =>
  response.status === 200
    ? Effect.flatMap(response.json, (body) => Schema.decodeUnknownEffect(Told)(body))
    : Effect.fail(response.status)

const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (http) => http.execute(request))

/** A one-time code stands behind `#`, where no server and no log sees it. It leaves the address before anything else happens. */
const takeCode = (): string | null => {
  const [, code] = /^#code=([\w-]+)$/u.exec(location.hash) ?? []
  if (code === undefined) return null
  history.replaceState(null, "", location.pathname + location.search)
  return code
}

export const start = (): void => {
  const code = takeCode()
  const request =
    code === null
      ? HttpClientRequest.get(address)
      : HttpClientRequest.setHeader(HttpClientRequest.post(address), "x-dueline-code", code)
  runtime.runCallback(Effect.flatMap(send(request), told), {
    onExit: (exit) => {
      if (exit._tag === "Success") return enter({ ...exit.value, by: "cookie" })
      const token = sessionStorage.getItem(tokenKey)
      if (token !== null) return takeToken(token)
      leave(code === null ? null : "This link was used already or is too old: ask for another one.")
    }
  })
}

export const takeToken = (token: string): void => {
  credentials.token = token.trim()
  sessionStorage.setItem(tokenKey, credentials.token)
  enter(readToken(credentials.token))
}

/** After a 401, or because somebody asked. The address stays, so that whoever signs in again is where they were. */
export const signedOut = (why: string | null): void => {
  credentials.token = null
  credentials.tenant = null
  sessionStorage.removeItem(tokenKey)
  leave(why)
}

export const signOut = (): void => {
  const ended = () => signedOut("You are signed out.")
  if (credentials.token !== null) return ended()
  runtime.runCallback(send(HttpClientRequest.delete(address)), { onExit: ended })
}

export const chooseTenant = (tenant: string): void => {
  sessionStorage.setItem(tenantKey, tenant)
  const signIn = registry.get(signInAtom)
  if (signIn.at === "in") enter(signIn.session)
}

export const may = (session: Session, scope: string): boolean =>
  session.permissions === null || session.permissions.includes(scope)
