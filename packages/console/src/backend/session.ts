/** Who is signed in here, and what they may do. The edge decides; the page only leaves out what would be refused. */
import { SignedIn } from "@dueline/contracts/session/ConsoleEndpoints"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Atom } from "effect/reactivity"
import { credentials, runtime } from "./backend.ts"
import { registry } from "./useAtom.ts"

export type Session = SignedIn

export type SignIn =
  | { readonly at: "asking" }
  | { readonly at: "out"; readonly why: string | null }
  | { readonly at: "in"; readonly session: Session }

export const signInAtom = Atom.keepAlive(Atom.make<SignIn>({ at: "asking" }))

/** A token that was pasted is forgotten with its tab; the cookie of a session no script can read. */
const tokenKey = "dueline.token"
const tenantKey = "dueline.tenant"

const address = "/console/session"

const enter = (session: Session): void => {
  const kept = sessionStorage.getItem(tenantKey)
  const chosen = session.tenants.find((id) => id === kept) ?? session.tenant ?? session.tenants[0] ?? null
  // Named only where there is a choice: whoever runs the installation may belong to no tenant.
  credentials.tenant = session.tenants.length > 1 ? chosen : null
  registry.set(signInAtom, { at: "in", session: { ...session, tenant: chosen } })
}

const leave = (why: string | null): void => registry.set(signInAtom, { at: "out", why })

const send = (request: HttpClientRequest.HttpClientRequest) =>
  Effect.flatMap(HttpClient.HttpClient, (http) => http.execute(request))

const readSignedIn = Schema.decodeUnknownEffect(SignedIn)

/** What the edge says of whoever asks so. */
const identify = (
  request: HttpClientRequest.HttpClientRequest,
  done: { readonly known: (session: Session) => void; readonly unknown: () => void }
): void => {
  const asked = Effect.flatMap(send(request), (response): Effect.Effect<Session, unknown> => {
    return response.status === 200 ? Effect.flatMap(response.json, readSignedIn) : Effect.fail(response.status)
  })
  runtime.runCallback(asked, { onExit: (exit) => (exit._tag === "Success" ? done.known(exit.value) : done.unknown()) })
}

/** A one-time code stands behind `#`, where no server and no log sees it. It leaves the address before anything else happens. */
const takeCode = (): string | null => {
  const [, code] = /^#code=([\w.~-]+)$/u.exec(location.hash) ?? []
  if (code === undefined) return null
  history.replaceState(null, "", location.pathname + location.search)
  return code
}

export const takeToken = (token: string): void => {
  const text = token.trim()
  identify(HttpClientRequest.setHeader(HttpClientRequest.get(address), "authorization", `Bearer ${text}`), {
    known: (session) => {
      credentials.token = text
      sessionStorage.setItem(tokenKey, text)
      enter(session)
    },
    unknown: () => signedOut("This token opens nothing here: it is mistyped, too old, or of another installation.")
  })
}

export const start = (): void => {
  const code = takeCode()
  const token = sessionStorage.getItem(tokenKey)
  if (code === null && token !== null) return takeToken(token)
  const request =
    code === null
      ? HttpClientRequest.get(address)
      : HttpClientRequest.setHeader(HttpClientRequest.post(address), "x-dueline-code", code)
  identify(request, {
    known: enter,
    unknown: () => leave(code === null ? null : "This link was used already or is too old: ask for another one.")
  })
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

export const may = (session: Session, scope: string): boolean => session.permissions.includes(scope)
