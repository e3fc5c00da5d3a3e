/** The project's own typed client, in the browser: what the edge answers otherwise than the console expects does not compile. */
import { BearerAuth } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { Effect, ManagedRuntime } from "effect"
import { FetchHttpClient, type HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"

export interface Client extends HttpApiClient.ForApi<typeof Api> {}

/** What goes along with each request. The session's cookie does so by itself; a token is there only where one was pasted. */
export interface Credentials {
  token: string | null
  tenant: string | null
}
export const credentials: Credentials = { token: null, tenant: null }

const withCredentials = HttpApiMiddleware.layerClient(BearerAuth, ({ next, request }) =>
  next(
    HttpClientRequest.setHeaders(request, {
      ...(credentials.token === null ? {} : { authorization: `Bearer ${credentials.token}` }),
      ...(credentials.tenant === null ? {} : { "x-tenant-id": credentials.tenant })
    })
  )
)

export const runtime = ManagedRuntime.make(FetchHttpClient.layer)

const makeClient: Effect.Effect<Client, never, HttpClient.HttpClient> = Effect.provide(
  HttpApiClient.make(Api, { baseUrl: location.origin }),
  withCredentials
)

/** Made when something is first asked. */
export const client = Effect.runSync(Effect.cached(makeClient))

/** What a screen asks of the edge. */
export type Question<A> = (api: Client) => Effect.Effect<A, unknown>

/** Calls back once, unless the function that is returned was called before. */
export const ask = <A>(
  question: Question<A>,
  done: { readonly answered: (value: A) => void; readonly failed: (error: unknown) => void }
): (() => void) => {
  let asked = true
  const stop = runtime.runCallback(Effect.flatMap(client, question), {
    onExit: (exit) => {
      if (!asked) return
      asked = false
      if (exit._tag === "Success") done.answered(exit.value)
      else done.failed(exit.cause)
    }
  })
  return () => {
    asked = false
    stop()
  }
}
