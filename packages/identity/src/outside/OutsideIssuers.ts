/** The outside issuers of an installation, each with its keys: where the verifier finds whose token it has, and the health checks how they are. */
import type { Roles } from "@dueline/contracts/api/roles"
import type { HttpClient } from "@dueline/contracts/ports/HttpClient"
import { Context, Effect, Layer } from "effect"
import { type TokenSource, tokenType } from "../AccessToken.ts"
import type { OutsideIssuer } from "./IssuerSettings.ts"
import { readOutside } from "./outsideClaims.ts"
import * as RemoteKeys from "./RemoteKeys.ts"

export class OutsideIssuers extends Context.Service<
  OutsideIssuers,
  {
    /** By `iss`, to the letter. */
    readonly byIssuer: ReadonlyMap<string, TokenSource>
    readonly states: ReadonlyArray<{
      readonly issuer: string
      /** Why none of its tokens is believed; null when they are. */
      readonly trouble: () => string | null
    }>
  }
>()("@dueline/identity/outside/OutsideIssuers") {}

/** RFC 9068 § 2.2 without `jti`, which tells nothing here, and `client_id`, which many do not send. */
const requiredClaims = ["iss", "aud", "exp", "iat", "sub"]

const sourceOf = (issuer: OutsideIssuer, keys: RemoteKeys.RemoteKeys, roles: Roles): TokenSource => ({
  keyOf: keys.keyOf,
  believes: (kid, key) => keys.keyOf(kid) === key,
  lookFor: keys.lookFor,
  required: { issuer: issuer.issuer, audience: issuer.audience, typ: issuer.typ ?? tokenType, requiredClaims },
  read: (payload, kid) => readOutside(issuer, roles, payload, kid)
})

export const layer = (
  issuers: ReadonlyArray<OutsideIssuer>,
  roles: Roles
): Layer.Layer<OutsideIssuers, never, HttpClient> =>
  Layer.effect(
    OutsideIssuers,
    Effect.map(
      Effect.forEach(issuers, (issuer) =>
        Effect.map(RemoteKeys.make(issuer.issuer, issuer.jwksUri), (keys) => ({ issuer, keys }))
      ),
      (all) =>
        OutsideIssuers.of({
          byIssuer: new Map(all.map(({ issuer, keys }) => [issuer.issuer, sourceOf(issuer, keys, roles)])),
          states: all.map(({ issuer: { issuer }, keys: { trouble } }) => ({ issuer, trouble }))
        })
    )
  )
