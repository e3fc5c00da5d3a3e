/** Lets in who has a token or an API key with the scope, and settles once and for all which tenant the request is about. */
import { BearerAuth, platformScopes, Principal, RequiredScope } from "@dueline/contracts/api/Access"
import type { BadRequest, Forbidden, Unauthenticated, Unavailable } from "@dueline/contracts/api/ProblemError"
import { TenantId } from "@dueline/contracts/Ids"
import type { AccessToken } from "@dueline/identity/AccessToken"
import { keyPrefix } from "@dueline/identity/apiKeyText"
import { TokenVerifier } from "@dueline/identity/TokenVerifier"
import { Context, Effect, Layer, Redacted, References, Schema } from "effect"
import { HttpServerRequest } from "effect/http"
import { ApiKeyAccess } from "./ApiKeyAccess.ts"
import { KnownTenants } from "./KnownTenants.ts"
import { reject } from "../requests/reject.ts"

const isTenantId = Schema.is(TenantId)

export const layer: Layer.Layer<BearerAuth, never, TokenVerifier | KnownTenants | ApiKeyAccess> = Layer.effect(
  BearerAuth,
  Effect.map(Effect.all([TokenVerifier, KnownTenants, ApiKeyAccess]), ([verifier, tenants, keys]) =>
    BearerAuth.of({
      bearer: Effect.fnUntraced(function* (httpEffect, { credential, endpoint }) {
        const token = Redacted.value(credential)
        const request = yield* HttpServerRequest.HttpServerRequest
        const key = keyIn(token, request.headers)
        const access = yield* key === null ? byToken(verifier, token) : byKey(keys, key)
        const scope = Context.getOrUndefined(endpoint.annotations, RequiredScope)
        if (scope === undefined || !access.scopes.includes(scope)) {
          return yield* reject("insufficient_scope", `This needs the scope ${scope ?? "of an operator"}.`)
        }
        const tenantId = yield* chooseTenant(access, request.headers["x-tenant-id"])
        if (!platformScopes.has(scope)) yield* tenants.require(tenantId)
        const principal = { tenantId, subject: access.subject, scopes: access.scopes, apiKey: access.apiKey }
        return yield* Effect.updateContext(httpEffect, (context: Context.Context<never>) => {
          const annotations = { ...Context.get(context, References.CurrentLogAnnotations), tenantId }
          return Context.add(Context.add(context, Principal, principal), References.CurrentLogAnnotations, annotations)
        })
      })
    })
  )
)

const unauthenticated = (detail: string) => reject("unauthenticated", detail)

type Access = Pick<AccessToken, "tenantId" | "tenants" | "subject" | "scopes"> & Pick<Principal["Service"], "apiKey">

const byToken = (verifier: TokenVerifier["Service"], token: string): Effect.Effect<Access, Unauthenticated> => {
  if (token === "")
    return unauthenticated("Send an access token, `Authorization: Bearer …`, or an API key, `X-Api-Key: dlk_…`.")
  return Effect.matchEffect(verifier.verify(token), {
    onFailure: ({ claims, reason }) =>
      Effect.andThen(
        Effect.logDebug("token refused", { reason }),
        unauthenticated(
          claims === undefined
            ? "The access token is not valid here. Get a new one."
            : `The access token has claims that cannot be read: ${claims}. Get one in which they are right.`
        )
      ),
    onSuccess: (access) => Effect.succeed({ ...access, apiKey: null })
  })
}

/** As a bearer's token, in a header of its own, or as the name of a user without a password, which is what Segment's clients send. */
const keyIn = (token: string, headers: Readonly<Record<string, string | undefined>>): string | null => {
  if (token !== "") return token.startsWith(keyPrefix) ? token : null
  const own = headers["x-api-key"]
  if (own !== undefined) return own.trim()
  const basic = /^basic +([A-Za-z0-9+/]+={0,2}) *$/iu.exec(headers["authorization"] ?? "")?.[1]
  return basic === undefined ? null : (Buffer.from(basic, "base64").toString("latin1").split(":", 1)[0] ?? "")
}

/** One and the same for whatever is wrong: which keys there are is nobody's business. */
const badKey = unauthenticated(
  "The API key is not valid here: mistyped, expired, revoked, or never made. Get a new one."
)

const byKey = (keys: ApiKeyAccess["Service"], key: string): Effect.Effect<Access, Unauthenticated | Unavailable> =>
  Effect.flatMap(keys.open(key), (row) => {
    if (row === null) return badKey
    const { apiKeyId: id, scopes, tenantId, workspace } = row
    return Effect.succeed({ tenantId, tenants: [], subject: `api-key:${id}`, scopes, apiKey: { id, workspace } })
  })

const chooseTenant = (access: Access, header: string | undefined): Effect.Effect<TenantId, BadRequest | Forbidden> => {
  const asked = header?.toLowerCase()
  if (asked === undefined) {
    return access.tenantId === null
      ? reject("tenant_required", "Send X-Tenant-Id with one of the token's tenants.")
      : Effect.succeed(access.tenantId)
  }
  if (!isTenantId(asked)) return reject("invalid_tenant", "Send a UUID in X-Tenant-Id, or leave it out.")
  const allowed = asked === access.tenantId ? access.tenantId : access.tenants.find((tenant) => tenant === asked)
  return allowed === undefined
    ? reject("foreign_tenant", "Leave X-Tenant-Id out, or name a tenant the token is good for.")
    : Effect.succeed(allowed)
}
