/** Lets in who has a token, an API key or a session with the scope, and settles once and for all which tenant the request is about. */
import { BearerAuth, ChecksAttributes, platformScopes, Principal, RequiredScope } from "@dueline/contracts/api/Access"
import { decide } from "@dueline/contracts/api/conditions"
import type { BadRequest, Forbidden } from "@dueline/contracts/api/ProblemError"
import { owned } from "@dueline/contracts/api/roles"
import { TenantId } from "@dueline/contracts/Ids"
import type { EventSource } from "@dueline/contracts/ports/History"
import { tellsDetails } from "@dueline/contracts/telemetry/logModules"
import { Context, Effect, Exit, Layer, Redacted, References, Schema } from "effect"
import { HttpServerRequest } from "effect/http"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { reject } from "../requests/refusal.ts"
import { tenantOfRequest } from "../server/DefectReporter.ts"
import { makeAttributes, notForThis } from "./attributes.ts"
import { AuditNotes, noteRefused, resourceIn } from "./AuditNotes.ts"
import { type Asker, Askers } from "./Askers.ts"
import { KnownTenants } from "./KnownTenants.ts"
import { RequestLimits } from "./RateLimits.ts"

const isTenantId = Schema.is(TenantId)
const areDetailsTold = Effect.map(Effect.context<never>(), tellsDetails)

/** The framework hands a handler's failure through whatever guards rights in a wrapper of its own. */
const problemOf = (failure: object): object =>
  "error" in failure && typeof failure.error === "object" && failure.error !== null ? failure.error : failure

export const layer: Layer.Layer<BearerAuth, never, Askers | KnownTenants | AuditNotes | EventSource | RequestLimits> =
  Layer.effect(
    BearerAuth,
    Effect.map(
      Effect.all([Askers, KnownTenants, AuditNotes, areDetailsTold, makeAttributes, RequestLimits]),
      ([askers, tenants, notes, isDetailed, { isOpen }, { turns }]) =>
        BearerAuth.of({
          bearer: Effect.fnUntraced(function* (httpEffect, { credential, endpoint, group }) {
            const request = yield* HttpServerRequest.HttpServerRequest
            const asker = yield* askers.identify(request, Redacted.value(credential))
            const scope = Context.getOrUndefined(endpoint.annotations, RequiredScope)
            const noted = (tenantId: TenantId | null) => (failure: object) =>
              Effect.withFiber<void>((fiber) => {
                const problem = problemOf(failure)
                const code = "code" in problem ? String(problem.code) : "invalid_request"
                noteRefused(notes, {
                  // Nobody reads what is noted for a tenant that there is not.
                  tenantId: code === "unknown_tenant" ? null : tenantId,
                  subject: asker.subject,
                  action: `${group.identifier}.${endpoint.identifier}`,
                  resource: resourceIn(request.url),
                  code,
                  correlationId: fiber.getRef(CurrentCorrelationId)
                })
                return Effect.void
              })
            const admitted = Effect.gen(function* () {
              const conditions = scope === undefined ? undefined : asker.conditional?.get(scope)
              if (scope === undefined || !(asker.scopes.includes(scope) || conditions !== undefined)) {
                return yield* reject("insufficient_scope", `This needs the scope ${scope ?? "of an operator"}.`)
              }
              const tenantId = yield* chooseTenant(asker, request.headers["x-tenant-id"])
              const decided = conditions === undefined ? "yes" : decide(conditions, { tenantId, tags: null, own: null })
              if (decided === "no") return yield* notForThis(scope)
              if (!platformScopes.has(scope)) yield* tenants.require(tenantId)
              if (decided === "yes" || conditions === undefined) return { tenantId, where: undefined }
              if (Context.getOrUndefined(endpoint.annotations, ChecksAttributes) === true)
                return { tenantId, where: conditions }
              // Of whatever has owners alone, the one of the address is known here.
              const id = owned.has(scope) && endpoint.path.includes(":id") ? idIn(request.url) : null
              const asking = { tenantId, subject: asker.subject, where: conditions }
              if (id === null || !(yield* isOpen(asking, { id, tags: [] }))) return yield* notForThis(scope)
              return { tenantId, where: undefined }
            })
            const { tenantId, where } = yield* Effect.tapError(admitted, noted(asker.tenantId))
            tenantOfRequest.set(request.source, tenantId)
            const { apiKey, scopes, session: held, subject } = asker
            const session = held === null ? null : { tenantId: held.tenantId, sessionId: held.sessionId }
            const principal = { tenantId, subject, scopes, apiKey, session, ...(where === undefined ? {} : { where }) }
            yield* Effect.callback<void>((resume) =>
              turns.push(tenantId, workOf(request.headers["content-length"]), () => resume(Effect.void))
            )
            // Who reads what is not there, or asks wrongly for it, has changed nothing and tried to change nothing.
            const heard = request.method === "GET" ? httpEffect : Effect.tapError(httpEffect, noted(tenantId))
            const told = isDetailed
              ? Effect.onExit(heard, (exit) =>
                  Effect.logDebug("request handled", {
                    action: `${group.identifier}.${endpoint.identifier}`,
                    path: request.url.split("?", 1)[0],
                    ...(Exit.isSuccess(exit) ? { status: exit.value.status } : { refused: true })
                  })
                )
              : heard
            return yield* Effect.updateContext(told, (context: Context.Context<never>) => {
              const annotations = { ...Context.get(context, References.CurrentLogAnnotations), tenantId }
              return Context.add(
                Context.add(context, Principal, principal),
                References.CurrentLogAnnotations,
                annotations
              )
            })
          })
        })
    )
  )

/** What is read, decided and written beside a body costs about as much as a submission of so many bytes. */
const besideBody = 1_024

const workOf = (contentLength: string | undefined): number => {
  const bytes = Number(contentLength ?? 0)
  return besideBody + (Number.isFinite(bytes) ? bytes : 0)
}

const segment = /\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?=\/|$)/iu

/** Of an address as the router reads it too: a whole segment, with nothing encoded. Null for any other, which then opens nothing. */
const idIn = (url: string): string | null => segment.exec(url.split("?", 1)[0] ?? "")?.[1]?.toLowerCase() ?? null

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
