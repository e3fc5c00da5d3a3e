/** The HTTP operations on tenants, for whoever runs the installation: what is sent, what is answered, and an example of each. */
import { Schema } from "effect"
import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import {
  conditional,
  conditionalRead,
  created,
  described,
  idempotent,
  idParameter,
  NextCursor,
  paged,
  parameter,
  readAnswers,
  written
} from "../api/conventions.ts"
import type { OperationParts } from "../api/OperationParts.ts"
import { Timestamp, Version } from "../api/Wire.ts"
import { CorrelationId, TenantId } from "../Ids.ts"
import { SuspensionReason, TenantName, TenantStatus, Workspace, WorkspaceId } from "./Tenant.ts"

export const CreateTenant = Schema.Struct({
  workspace: Workspace.annotate({ description: "What it is called in commands. Its id follows from it" }),
  name: Schema.optionalKey(TenantName.annotate({ description: "For people; the workspace when left out" }))
}).annotate({ identifier: "CreateTenant" })
export type CreateTenant = typeof CreateTenant.Type

export const UpdateTenant = Schema.Struct({ name: TenantName }).annotate({ identifier: "UpdateTenant" })
export const SuspendTenant = Schema.Struct({
  reason: SuspensionReason.annotate({ description: "Told to everybody whom the tenant's edge refuses" })
}).annotate({ identifier: "SuspendTenant" })

export const DeleteTenant = Schema.Struct({
  workspace: Schema.String.annotate({ description: "The tenant's own, so that nothing else is deleted by mistake" }),
  export: Schema.optionalKey(
    Schema.Boolean.annotate({
      description: "Whether everything is written to `DUELINE_TENANT_EXPORT` before it goes; true when left out"
    })
  )
}).annotate({ identifier: "DeleteTenant" })

const state = {
  id: TenantId,
  workspace: Schema.String,
  name: Schema.String,
  status: TenantStatus,
  suspendedReason: Schema.NullOr(Schema.String).annotate({ description: "Null while it is active" }),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Version,
  links: Schema.Struct({ self: Schema.String })
}

/** The answer to a command. */
export const TenantState = Schema.Struct(state).annotate({ identifier: "TenantState" })
export type TenantState = typeof TenantState.Type

export const TenantView = Schema.Struct({ ...state, correlationId: CorrelationId }).annotate({ identifier: "Tenant" })
export type TenantView = typeof TenantView.Type

const TenantPage = Schema.Struct({ items: Schema.Array(TenantView), nextCursor: NextCursor }).annotate({
  identifier: "TenantPage"
})

const id = "5f0c9f57-3c1f-8a53-9d64-6b1f1f2f8a10" as TenantId
const first: TenantState = {
  id,
  workspace: "acme",
  name: "Acme Waste",
  status: "Active",
  suspendedReason: null,
  createdAt: "2026-01-31T09:00:00.000Z",
  updatedAt: "2026-01-31T09:00:00.000Z",
  version: 1,
  links: { self: `/ops/tenants/${id}` }
}
const shown: TenantView = { ...first, correlationId: "1y2p0ij32e8e7" as CorrelationId }
const later = (version: number, changes: Partial<TenantState>): TenantState => ({
  ...first,
  version,
  updatedAt: "2026-02-01T10:00:00.000Z",
  ...changes
})

const params = { id: idParameter(WorkspaceId) }

export const tenantOperations = (parts: OperationParts) => {
  const {
    BearerAuth,
    bodyErrors,
    changeErrors,
    commandErrors,
    CountedAs,
    creationErrors,
    problems,
    RateLimit,
    RequestChecks,
    RequiredScope
  } = parts
  const create = HttpApiEndpoint.post("create", "/", {
    headers: idempotent,
    payload: CreateTenant,
    success: HttpApiSchema.WithHeaders(TenantState.pipe(HttpApiSchema.status(201)), created),
    error: creationErrors
  })
    .annotate(RequiredScope, "ops:tenants.write")
    .annotateMerge(
      described(
        "Make a tenant",
        "One workspace has one tenant, for ever: 409 `workspace_taken` when it is there. An `Idempotency-Key` counts within the workspace.",
        { request: { workspace: "acme", name: "Acme Waste" }, 201: first }
      )
    )

  const list = HttpApiEndpoint.get("list", "/", {
    query: { ...paged, status: parameter(Schema.optionalKey(TenantStatus), "Only those in this state") },
    success: TenantPage,
    error: problems.Unavailable
  })
    .annotate(RequiredScope, "ops:tenants.read")
    .annotateMerge(
      described("List tenants, newest first", "All of them.", { 200: { items: [shown], nextCursor: null } })
    )

  const get = HttpApiEndpoint.get("get", "/:id", {
    params,
    ...conditionalRead,
    success: readAnswers(TenantView),
    error: [problems.NotFound, problems.Unavailable]
  })
    .annotate(RequiredScope, "ops:tenants.read")
    .annotateMerge(
      described("One tenant", "304 when `If-None-Match` names the version. With `asOf` as it was then.", { 200: shown })
    )

  const rename = HttpApiEndpoint.patch("rename", "/:id", {
    params,
    headers: conditional,
    payload: UpdateTenant,
    success: HttpApiSchema.WithHeaders(TenantState, written),
    error: changeErrors
  })
    .annotate(RequiredScope, "ops:tenants.write")
    .annotateMerge(
      described("Rename a tenant", "Its workspace and its id stay.", {
        request: { name: "Acme Group" },
        200: later(2, { name: "Acme Group" })
      })
    )

  const suspend = HttpApiEndpoint.post("suspend", "/:id/suspend", {
    params,
    headers: conditional,
    payload: SuspendTenant,
    success: HttpApiSchema.WithHeaders(TenantState, written),
    error: [...commandErrors, ...bodyErrors]
  })
    .annotate(RequiredScope, "ops:tenants.write")
    .annotateMerge(
      described(
        "Suspend a tenant",
        "Within seconds every process answers its requests with 403 `tenant_suspended` and the reason, and starts no attempt of its calls, " +
          "which wait. What is on the wire ends. Suspended again, it has the newer reason.",
        {
          request: { reason: "invoice 42 is overdue" },
          200: later(3, { status: "Suspended", suspendedReason: "invoice 42 is overdue" })
        }
      )
    )

  const resume = HttpApiEndpoint.post("resume", "/:id/resume", {
    params,
    headers: conditional,
    success: HttpApiSchema.WithHeaders(TenantState, written),
    error: commandErrors
  })
    .annotate(RequiredScope, "ops:tenants.write")
    .annotateMerge(
      described(
        "Resume a tenant",
        "Calls that have become due meanwhile start at once, in turns with those of others.",
        {
          200: later(4, {})
        }
      )
    )

  const erase = HttpApiEndpoint.post("delete", "/:id/delete", {
    params,
    headers: conditional,
    payload: DeleteTenant,
    success: HttpApiSchema.WithHeaders(TenantState.pipe(HttpApiSchema.status(202)), written),
    error: [...commandErrors, ...bodyErrors]
  })
    .annotate(RequiredScope, "ops:tenants.write")
    .annotateMerge(
      described(
        "Delete a tenant",
        "For ever. Within seconds it is refused everywhere with 403 `tenant_deleted`; then everything of it is exported, unless `export` is false, and erased, " +
          "step by step, until its status is `Deleted`. Its workspace is not given again: 409 `workspace_deleted`.",
        {
          request: { workspace: "acme" },
          202: later(5, { status: "Deleting" })
        }
      )
    )

  return HttpApiGroup.make("tenants")
    .add(create, rename, suspend, resume, erase)
    .middleware(RateLimit)
    .add(list, get)
    .prefix("/ops/tenants")
    .middleware(RequestChecks)
    .middleware(BearerAuth)
    .annotate(CountedAs, "tenants")
    .annotateMerge(
      OpenApi.annotations({
        title: "Tenants",
        description:
          "Who uses the installation. For its operator: these scopes reach across tenants, and no token has them unasked."
      })
    )
}
