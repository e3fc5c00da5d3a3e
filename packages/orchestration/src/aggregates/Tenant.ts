/** The tenant aggregate: made once, renamed, suspended, resumed and deleted. Its stream has the tenant's own id, in the tenant itself. */
import { CorrelationId, type EpochMillis, type StreamId } from "@dueline/contracts/Ids"
import {
  OtherWorkspace,
  type TenantChanged,
  type TenantCommand,
  TenantDeleted,
  TenantEvent,
  TenantFacts,
  TenantNotFound,
  type TenantOutcome,
  type TenantRejection,
  type TenantTopic,
  type WorkspaceId,
  WorkspaceTaken
} from "@dueline/contracts/tenant/Tenant"
import { Result, Schema } from "effect"
import type { Aggregate, Stamp } from "../engine/Aggregate.ts"

/** In snapshots too: a changed shape needs another `form` there. */
const TenantState = Schema.TaggedUnion({
  Unknown: {},
  Known: { tenant: TenantFacts, fingerprint: Schema.NullOr(Schema.String), correlationId: CorrelationId }
})
type TenantState = typeof TenantState.Type

const initial: TenantState = { _tag: "Unknown" }

/** What was erased has no cause any more. */
const erasedBy = CorrelationId.make("0")

/** Total: an event that does not apply changes nothing. */
const evolve = (state: TenantState, event: TenantEvent, at: EpochMillis): TenantState => {
  if (event._tag === "TenantCreated") {
    const { createdAt, fingerprint, name, origin, workspace } = event
    return {
      _tag: "Known",
      tenant: { workspace, name, status: "Active", suspendedReason: null, createdAt, updatedAt: at },
      fingerprint,
      correlationId: origin.correlationId
    }
  }
  if (event._tag === "TenantErased") {
    const { erasedAt, workspace } = event
    return {
      _tag: "Known",
      tenant: {
        workspace,
        name: workspace,
        status: "Deleted",
        suspendedReason: null,
        createdAt: erasedAt,
        updatedAt: erasedAt
      },
      fingerprint: null,
      correlationId: erasedBy
    }
  }
  if (state._tag === "Unknown") return state
  const { tenant } = state
  switch (event._tag) {
    case "TenantRenamed":
      return { ...state, tenant: { ...tenant, name: event.name, updatedAt: at } }
    case "TenantSuspended":
      return { ...state, tenant: { ...tenant, status: "Suspended", suspendedReason: event.reason, updatedAt: at } }
    case "TenantResumed":
      return { ...state, tenant: { ...tenant, status: "Active", suspendedReason: null, updatedAt: at } }
    case "TenantDeletionBegun": {
      const deletion = { begunAt: at, exported: event.exported }
      return { ...state, tenant: { ...tenant, status: "Deleting", suspendedReason: null, updatedAt: at, deletion } }
    }
  }
}

const isDeleted = ({ status }: TenantFacts): boolean => status === "Deleting" || status === "Deleted"

type Decision = Result.Result<ReadonlyArray<TenantEvent>, TenantRejection>

const nothing: Decision = Result.succeed([])
const one = (event: TenantEvent): Decision => Result.succeed([event])

/** Asking twice for the same thing decides nothing the second time; making a tenant twice does only under the key of the first time. */
const decide = (command: TenantCommand, state: TenantState): Decision => {
  const { workspaceId } = command
  if (command._tag === "CreateTenant") {
    const { at, fingerprint, name, origin, workspace } = command
    if (state._tag === "Unknown")
      return one({ _tag: "TenantCreated", workspace, name, createdAt: at, fingerprint, origin })
    if (isDeleted(state.tenant)) return Result.fail(new TenantDeleted({ workspaceId }))
    return fingerprint !== null && state.fingerprint === fingerprint
      ? nothing
      : Result.fail(new WorkspaceTaken({ workspaceId, workspace }))
  }
  if (state._tag === "Unknown") return Result.fail(new TenantNotFound({ workspaceId }))
  const { name, status, suspendedReason, workspace } = state.tenant
  if (isDeleted(state.tenant))
    return command._tag === "DeleteTenant" ? nothing : Result.fail(new TenantDeleted({ workspaceId }))
  switch (command._tag) {
    case "DeleteTenant":
      return command.workspace === workspace
        ? one({ _tag: "TenantDeletionBegun", exported: command.exported })
        : Result.fail(new OtherWorkspace({ workspaceId }))
    case "RenameTenant":
      return command.name === name ? nothing : one({ _tag: "TenantRenamed", name: command.name })
    case "SuspendTenant":
      return command.reason === suspendedReason ? nothing : one({ _tag: "TenantSuspended", reason: command.reason })
    case "ResumeTenant":
      return status === "Active" ? nothing : one({ _tag: "TenantResumed" })
  }
}

const topics: Readonly<Record<TenantEvent["_tag"], TenantTopic>> = {
  TenantCreated: "ops.tenant.created",
  TenantRenamed: "ops.tenant.renamed",
  TenantSuspended: "ops.tenant.suspended",
  TenantResumed: "ops.tenant.resumed",
  TenantDeletionBegun: "ops.tenant.deleting",
  TenantErased: "ops.tenant.deleted"
}

const announce = (
  { _tag }: TenantEvent,
  after: TenantState,
  { at, tenantId, version }: Stamp
): { readonly topic: TenantTopic; readonly payload: TenantChanged } | null => {
  if (after._tag === "Unknown") return null
  const { correlationId } = after
  const { name: tenantName, ...others } = after.tenant
  const tenant = { tenantName, ...others }
  return {
    topic: topics[_tag],
    payload: { schemaVersion: 1, tenantId, version, tenant, occurredAt: at, correlationId }
  }
}

export const Tenant: Aggregate<TenantCommand, TenantState, TenantEvent, TenantRejection, TenantOutcome> = {
  category: "tenant",
  event: TenantEvent,
  upcasters: {},
  snapshot: { form: 1, state: TenantState },
  streamOf: ({ workspaceId }) => workspaceId as string as StreamId,
  opens: ({ _tag }) => _tag === "CreateTenant",
  ended: () => false,
  initial,
  correlation: (state) => (state._tag === "Unknown" ? null : state.correlationId),
  evolve,
  decide,
  respond: ({ _tag, workspaceId }, after) => {
    if (after._tag === "Unknown") throw new Error(`an accepted ${_tag} left no tenant behind`)
    return { _tag: "TenantAccepted", workspaceId, tenant: after.tenant }
  },
  attachment: (_command, before) => before,
  ruled: false,
  requires: () => [],
  refuse: () => null,
  project: (after, { streamId, tenantId, version }) => {
    if (after._tag === "Unknown") return null
    const { correlationId, tenant } = after
    const workspaceId = streamId as string as WorkspaceId
    return { _tag: "TenantRow", tenantId, workspaceId, version, ...tenant, correlationId }
  },
  announce: (event, after, stamp) => announce(event, after, stamp),
  intend: () => []
}
