/** Who is signed in here, and what they may do. The edge decides; the page only leaves out what would be refused. */
import { SignedIn } from "@dueline/contracts/session/SessionEndpoints"
import { Effect, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { Atom } from "effect/reactivity"
import { credentials, runtime } from "./backend.ts"
import { registry, useAtom } from "./useAtom.ts"

export type Session = SignedIn

export type SignIn =
  | { readonly at: "asking" }
  | { readonly at: "out"; readonly why: string | null }
  /** `base`: how the addresses of all screens begin. */
  | { readonly at: "in"; readonly session: Session; readonly base: string }

export const signInAtom = Atom.keepAlive(Atom.make<SignIn>({ at: "asking" }))

/** A token that was pasted is forgotten with its tab; the cookie of a session no script can read. */
const tokenKey = "dueline.token"
const tenantKey = "dueline.tenant"

const address = "/console/session"

const root = "/console"
const baseOf = (tenant: string): string => `${root}/~${tenant}`

/** The tenant that the address names, as it does wherever there is a choice: a link, a reload and the way back are of the same one. */
const tenantInAddress = (): string | null => /^\/console\/~([\w-]+)/u.exec(location.pathname)?.[1] ?? null

const enter = (session: Session): void => {
  const named = tenantInAddress()
  const kept = named ?? sessionStorage.getItem(tenantKey)
  const chosen = session.tenants.find((id) => id === kept) ?? session.tenant ?? session.tenants[0] ?? null
  // Named only where there is a choice: whoever runs the installation may belong to no tenant.
  const choice = session.tenants.length > 1 && chosen !== null
  credentials.tenant = choice ? chosen : null
  if (choice && named === null)
    history.replaceState(null, "", baseOf(chosen) + location.pathname.slice(root.length) + location.search)
  // An address of a tenant that is none of theirs leads nowhere.
  const base = chosen !== null && tenantInAddress() === chosen ? baseOf(chosen) : root
  registry.set(signInAtom, { at: "in", session: { ...session, tenant: chosen }, base })
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

/** The way back may lead to another tenant. */
const followAddress = (): void => {
  const signIn = registry.get(signInAtom)
  const named = tenantInAddress()
  if (signIn.at === "in" && named !== null && named !== signIn.session.tenant) enter(signIn.session)
}

export const start = (): void => {
  addEventListener("popstate", followAddress)
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
  if (signIn.at !== "in") return
  // The same list: what was shown of the other tenant is not there in this one.
  const [, list = ""] = location.pathname.slice(signIn.base.length).split("/")
  history.pushState(null, "", `${baseOf(tenant)}/${list}`)
  enter(signIn.session)
}

export const may = (session: Session, scope: string): boolean => session.permissions.includes(scope)

/** Whether whoever is signed in may do something, as far as the page knows. */
export const useMay = (scope: string): boolean => {
  const signIn = useAtom(signInAtom)
  return signIn.at === "in" && may(signIn.session, scope)
}
