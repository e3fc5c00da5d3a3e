/** What a request for a token says, by RFC 6749: what it is asked for with, and what is wanted. Pure. */
import { Result } from "effect"
import {
  type Asked,
  type ClientShown,
  type Form,
  type FormHeaders,
  malformed,
  problem,
  readClient,
  readForm,
  showsClient
} from "./form.ts"

interface Wanted {
  /** Null for all that there are. */
  readonly scopes: ReadonlyArray<string> | null
}

/** With an API key (§ 4.4), with the code of a link (§ 4.1.3), or with a refresh token (§ 6). */
export type TokenAsked = Wanted &
  (
    | ({ readonly grant: "client_credentials" } & ClientShown)
    | { readonly grant: "authorization_code" | "refresh_token"; readonly secret: string }
  )

/** § 3.3: parted by single blanks. */
const readScopes = (scope: string | undefined): Asked<ReadonlyArray<string> | null> => {
  if (scope === undefined) return Result.succeed(null)
  return /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/u.test(scope)
    ? Result.succeed([...new Set(scope.split(" "))])
    : problem("invalid_scope", "scope holds what no scope may hold: send names parted by one blank.")
}

/** Where what is shown stands in the form. */
const places = { authorization_code: "code", refresh_token: "refresh_token" } as const

/** Both stand for themselves: nobody but a person's own client has them. */
const readSecretOf = (
  grant: keyof typeof places,
  form: Form,
  authorization: string | undefined,
  scopes: ReadonlyArray<string> | null
): Asked<TokenAsked> => {
  const secret = form.get(places[grant])
  if (secret === undefined) return malformed(`${places[grant]} is missing.`)
  if (showsClient(form, authorization))
    return malformed(`${places[grant]} stands for itself: send no client's secret beside it.`)
  return Result.succeed({ grant, secret, scopes })
}

export const readTokenRequest = (headers: FormHeaders, bytes: Uint8Array): Asked<TokenAsked> => {
  const form = readForm(headers, bytes)
  if (Result.isFailure(form)) return Result.fail(form.failure)
  const grant = form.success.get("grant_type")
  if (grant === undefined) return malformed("grant_type is missing.")
  const scopes = readScopes(form.success.get("scope"))
  if (grant === "authorization_code" || grant === "refresh_token") {
    return Result.isFailure(scopes)
      ? Result.fail(scopes.failure)
      : readSecretOf(grant, form.success, headers.authorization, scopes.success)
  }
  if (grant !== "client_credentials")
    return problem(
      "unsupported_grant_type",
      "Grants that there are: client_credentials, authorization_code, refresh_token."
    )
  const client = readClient(form.success, headers.authorization)
  if (Result.isFailure(client)) return Result.fail(client.failure)
  return Result.map(scopes, (asked) => ({ grant, ...client.success, scopes: asked }))
}
