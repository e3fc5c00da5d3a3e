/** Lets in who has a token, an API key or a session with the scope, and settles once and for all which tenant the request is about. */
import { BearerAuth, platformScopes, Principal, RequiredScope } from "@dueline/contracts/api/Access"
import type { BadRequest, Forbidden } from "@dueline/contracts/api/ProblemError"
import { TenantId } from "@dueline/contracts/Ids"
import { Context, Effect, Layer, Redacted, References, Schema } from "effect"
import { HttpServerRequest } from "effect/http"
import { reject } from "../requests/reject.ts"
import { type Asker, Askers } from "./Askers.ts"
import { KnownTenants } from "./KnownTenants.ts"

const isTenantId = Schema.is(TenantId)

export const layer: Layer.Layer<BearerAuth, never, Askers | KnownTenants> = Layer.effect(
  BearerAuth,
  Effect.map(Effect.all([Askers, KnownTenants]), ([askers, tenants]) =>
    BearerAuth.of({
      bearer: Effect.fnUntraced(function* (httpEffect, { credential, endpoint }) {
        const request = yield* HttpServerRequest.HttpServerRequest
        const asker = yield* askers.identify(request, Redacted.value(credential))
        const scope = Context.getOrUndefined(endpoint.annotations, RequiredScope)
        if (scope === undefined || !asker.scopes.includes(scope)) {
          return yield* reject("insufficient_scope", `This needs the scope ${scope ?? "of an operator"}.`)
        }
        const tenantId = yield* chooseTenant(asker, request.headers["x-tenant-id"])
        if (!platformScopes.has(scope)) yield* tenants.require(tenantId)
        const { apiKey, scopes, session, subject } = asker
        const principal = { tenantId, subject, scopes, apiKey, session: session?.sessionId ?? null }
        return yield* Effect.updateContext(httpEffect, (context: Context.Context<never>) => {
          const annotations = { ...Context.get(context, References.CurrentLogAnnotations), tenantId }
          return Context.add(Context.add(context, Principal, principal), References.CurrentLogAnnotations, annotations)
        })
      })
    })
  )
)

const chooseTenant = (asker: Asker, header: string | undefined): Effect.Effect<TenantId, BadRequest | Forbidden> => {
  const asked = header?.toLowerCase()
  if (asked === undefined) {
    return asker.tenantId === null
      ? reject("tenant_required", "Send X-Tenant-Id with one of the token's tenants.")
      : Effect.succeed(asker.tenantId)
  }
  if (!isTenantId(asked)) return reject("invalid_tenant", "Send a UUID in X-Tenant-Id, or leave it out.")
  const allowed = asked === asker.tenantId ? asker.tenantId : asker.tenants.find((tenant) => tenant === asked)
  return allowed === undefined
    ? reject("foreign_tenant", "Leave X-Tenant-Id out, or name a tenant the token is good for.")
    : Effect.succeed(allowed)
}
