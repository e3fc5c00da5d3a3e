/** Lets in who has a token with the scope, and settles once and for all which tenant the request is about. */
import { BearerAuth, Principal, RequiredScope } from "@dueline/contracts/api/Access"
import type { BadRequest, Forbidden } from "@dueline/contracts/api/ProblemError"
import { TenantId } from "@dueline/contracts/Ids"
import type { AccessToken } from "@dueline/identity/AccessToken"
import { TokenVerifier } from "@dueline/identity/TokenVerifier"
import { Context, Effect, Layer, Redacted, References, Schema } from "effect"
import { HttpServerRequest } from "effect/http"
import { KnownTenants } from "./KnownTenants.ts"
import { reject } from "./reject.ts"

const isTenantId = Schema.is(TenantId)

export const layer: Layer.Layer<BearerAuth, never, TokenVerifier | KnownTenants> = Layer.effect(
  BearerAuth,
  Effect.map(Effect.all([TokenVerifier, KnownTenants]), ([verifier, tenants]) =>
    BearerAuth.of({
      bearer: Effect.fnUntraced(function* (httpEffect, { credential, endpoint }) {
        const token = Redacted.value(credential)
        if (token === "") return yield* unauthenticated("Send an access token: `Authorization: Bearer …`.")
        const access = yield* Effect.catchTag(verifier.verify(token), "TokenRefused", ({ claims, reason }) =>
          Effect.andThen(
            Effect.logDebug("token refused", { reason }),
            unauthenticated(
              claims === undefined
                ? "The access token is not valid here. Get a new one."
                : `The access token has claims that cannot be read: ${claims}. Get one in which they are right.`
            )
          )
        )
        const scope = Context.getOrUndefined(endpoint.annotations, RequiredScope)
        if (scope === undefined || !access.scopes.includes(scope)) {
          return yield* reject("insufficient_scope", `This needs the scope ${scope ?? "of an operator"}.`)
        }
        const request = yield* HttpServerRequest.HttpServerRequest
        const tenantId = yield* chooseTenant(access, request.headers["x-tenant-id"])
        yield* tenants.require(tenantId)
        const principal = { tenantId, subject: access.subject, scopes: access.scopes }
        return yield* Effect.updateContext(httpEffect, (context: Context.Context<never>) => {
          const annotations = { ...Context.get(context, References.CurrentLogAnnotations), tenantId }
          return Context.add(Context.add(context, Principal, principal), References.CurrentLogAnnotations, annotations)
        })
      })
    })
  )
)

const unauthenticated = (detail: string) => reject("unauthenticated", detail)

const chooseTenant = (
  access: AccessToken,
  header: string | undefined
): Effect.Effect<TenantId, BadRequest | Forbidden> => {
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
