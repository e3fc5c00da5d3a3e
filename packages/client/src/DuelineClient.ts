/** The typed client: every operation, answer and error of the API, derived from its definition. */
import { BearerAuth } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { Effect, Redacted } from "effect"
import { type HttpClient, HttpClientRequest } from "effect/http"
import { HttpApiClient, HttpApiMiddleware } from "effect/http-api"

export interface DuelineClientOptions {
  /** Where the API is, e.g. `http://127.0.0.1:8080`. Left out where the `HttpClient` knows it already. */
  readonly baseUrl?: string
  /** An access token. Given as an effect it is asked for anew with every request, so that it can be renewed. */
  readonly token: Redacted.Redacted | Effect.Effect<Redacted.Redacted>
  /** Chooses among the token's tenants, when it has several. */
  readonly tenantId?: string
}

/** The operations by group. Named, since its type written out is longer than the compiler writes. */
export interface DuelineClient extends HttpApiClient.ForApi<typeof Api> {}

/**
 * Needs an `HttpClient`, e.g. `FetchHttpClient.layer`. Problems come back as errors that can be caught by tag: `NotFound`, `Conflict`,
 * `Unprocessable`, … with the problem document's members as their fields.
 */
export const make = (options: DuelineClientOptions): Effect.Effect<DuelineClient, never, HttpClient.HttpClient> => {
  const token = Effect.isEffect(options.token) ? options.token : Effect.succeed(options.token)
  const authorise = HttpApiMiddleware.layerClient(BearerAuth, ({ next, request }) =>
    Effect.flatMap(token, (credential) =>
      next(
        HttpClientRequest.setHeaders(request, {
          authorization: `Bearer ${Redacted.value(credential)}`,
          ...(options.tenantId === undefined ? {} : { "x-tenant-id": options.tenantId })
        })
      )
    )
  )
  return Effect.provide(
    HttpApiClient.make(Api, options.baseUrl === undefined ? {} : { baseUrl: options.baseUrl }),
    authorise
  )
}
