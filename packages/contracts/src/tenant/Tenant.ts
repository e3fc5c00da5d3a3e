/** What a tenant is, what may be asked of it, what becomes of that, its read model and its messages. Its stream lies in the tenant itself. */
import { Schema } from "effect"
import { CorrelationId, EpochMillis, TenantId, uuid } from "../Ids.ts"
import type { Rules } from "../Rules.ts"
import { Origin } from "../serviceCall/Spec.ts"
import type { Fields } from "../specification/Specification.ts"
import { common, minutesLater, topic } from "../topics/topic.ts"

/** A tenant's workspace, and the id of its stream: the tenant's own id, since each has one. */
export const WorkspaceId = uuid.pipe(Schema.brand("WorkspaceId"))
export type WorkspaceId = typeof WorkspaceId.Type

export const workspaceOf = (tenantId: TenantId): WorkspaceId => tenantId as string as WorkspaceId

/** What stands in the place of the workspace and the name of a tenant that was deleted. */
export const erasedWorkspace = (tenantId: TenantId): string => `deleted-${tenantId}`

/** What a tenant is called in commands and settings. Its id follows from it, so it never changes. */
export const Workspace = Schema.String.check(
  Schema.isPattern(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u, {
    description: "1 to 63 of a-z and 0-9, with hyphens in between"
  })
)

/** 1 to 100 code points, none of them a control character. */
export const TenantName = Schema.String.check(
  Schema.isMinCodePoints(1),
  Schema.isMaxCodePoints(100),
  Schema.isPattern(/^[^\p{C}]+$/u, { description: "no control characters" })
)

/** Why a tenant is suspended: whoever it refuses reads it. */
export const SuspensionReason = Schema.String.check(
  Schema.isMinCodePoints(1),
  Schema.isMaxCodePoints(200),
  Schema.isPattern(/^[^\p{C}]+$/u, { description: "no control characters" })
)

/** `Deleting`: refused as a suspended one, while everything of it is erased. `Deleted`: nothing of it is there but this. */
export const TenantStatus = Schema.Literals(["Active", "Suspended", "Deleting", "Deleted"])
export type TenantStatus = typeof TenantStatus.Type

export const TenantFacts = Schema.Struct({
  /** Tenants of before this kind have names of other forms. */
  workspace: TenantName,
  name: TenantName,
  status: TenantStatus,
  /** Null while it is active. */
  suspendedReason: Schema.NullOr(Schema.String),
  createdAt: EpochMillis,
  updatedAt: EpochMillis,
  /** While it is being deleted: whether everything is written to a folder before it goes. */
  deletion: Schema.optionalKey(Schema.Struct({ begunAt: EpochMillis, exported: Schema.Boolean }))
})
export type TenantFacts = typeof TenantFacts.Type

const target = { workspaceId: WorkspaceId, at: EpochMillis }

/** What may be asked of a tenant. */
export const TenantCommand = Schema.TaggedUnion({
  CreateTenant: {
    ...target,
    workspace: Workspace,
    name: TenantName,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  RenameTenant: { ...target, name: TenantName },
  SuspendTenant: { ...target, reason: SuspensionReason },
  ResumeTenant: target,
  /** The workspace is named again, so that no id given by mistake deletes another one. */
  DeleteTenant: { ...target, workspace: Schema.String, exported: Schema.Boolean }
})
export type TenantCommand = typeof TenantCommand.Type

/** Facts about a tenant. Every case is stored for ever: add cases, never edit one. */
export const TenantEvent = Schema.TaggedUnion({
  TenantCreated: {
    workspace: TenantName,
    name: TenantName,
    createdAt: EpochMillis,
    fingerprint: Schema.NullOr(Schema.String),
    origin: Origin
  },
  TenantRenamed: { name: TenantName },
  TenantSuspended: { reason: SuspensionReason },
  TenantResumed: {},
  TenantDeletionBegun: { exported: Schema.Boolean },
  /** The only event of a tenant of which everything was erased, its own events too. `workspace` is what stands for the name that is not kept. */
  TenantErased: { workspace: TenantName, erasedAt: EpochMillis }
})
export type TenantEvent = typeof TenantEvent.Type

/** What an accepted command is answered with: the tenant as the command left it. */
export const TenantOutcome = Schema.TaggedUnion({
  TenantAccepted: { workspaceId: WorkspaceId, tenant: TenantFacts }
})
export type TenantOutcome = typeof TenantOutcome.Type

const about = { workspaceId: WorkspaceId }

export class TenantNotFound extends Schema.TaggedError<TenantNotFound>()("TenantNotFound", about) {}
/** The workspace has a tenant already. */
export class WorkspaceTaken extends Schema.TaggedError<WorkspaceTaken>()("WorkspaceTaken", {
  ...about,
  workspace: Schema.String
}) {}

/** The workspace had a tenant that was deleted, or is being deleted: the id that follows from it is not given again. */
export class TenantDeleted extends Schema.TaggedError<TenantDeleted>()("TenantDeleted", about) {}
/** Who deletes named another workspace than the tenant has. */
export class OtherWorkspace extends Schema.TaggedError<OtherWorkspace>()("OtherWorkspace", about) {}

/** Why the answer to a command about a tenant is no. Nothing was stored. */
export const TenantRejection = Schema.Union([TenantNotFound, WorkspaceTaken, TenantDeleted, OtherWorkspace])
export type TenantRejection = typeof TenantRejection.Type

export const tenantProblems = {
  workspace_taken: { status: 409, title: "The workspace has a tenant already." },
  workspace_deleted: { status: 409, title: "The workspace's tenant was deleted, or is being deleted." },
  workspace_mismatch: { status: 409, title: "The tenant has another workspace." }
} as const

/** The read model of a tenant: one row, in step with the events. */
export interface TenantRow extends TenantFacts {
  readonly _tag: "TenantRow"
  readonly tenantId: TenantId
  readonly workspaceId: WorkspaceId
  readonly version: number
  readonly correlationId: string
}

/** What lists of tenants can be filtered by. */
export const tenantFields = {
  workspace: { type: "text", read: ({ workspace }) => workspace },
  name: { type: "text", read: ({ name }) => name },
  status: { type: "text", read: ({ status }) => status, oneOf: TenantStatus.literals },
  createdAt: { type: "instant", read: ({ createdAt }) => createdAt },
  updatedAt: { type: "instant", read: ({ updatedAt }) => updatedAt },
  version: { type: "number", read: ({ version }) => version }
} satisfies Fields<TenantRow>

/** None: that no two have one workspace follows from their ids. */
export const tenantRules = { required: [], unique: [], apart: [] } as const satisfies Rules<keyof typeof tenantFields>

const { name: tenantName, ...others } = TenantFacts.fields

/** In messages the name is called the tenant's: a field `name` there is a person's. */
const TenantTold = Schema.Struct({ tenantName, ...others })
type TenantTold = typeof TenantTold.Type

/** Version 1 of the message on every `ops.tenant.*` topic. */
export const TenantChanged = Schema.Struct({
  schemaVersion: Schema.Literal(1),
  tenantId: TenantId,
  /** The stream's version, so that a reader can tell which message is newer. */
  version: Schema.Int,
  tenant: TenantTold,
  occurredAt: EpochMillis,
  correlationId: CorrelationId
}).annotate({ identifier: "TenantChanged" })
export type TenantChanged = typeof TenantChanged.Type

const tenant: TenantTold = {
  tenantName: "Acme Waste",
  workspace: "acme",
  status: "Active",
  suspendedReason: null,
  createdAt: minutesLater(0),
  updatedAt: minutesLater(0)
}
const told = (version: number, minutes: number, changes: Partial<TenantTold>): TenantChanged => ({
  ...common,
  version,
  tenant: { ...tenant, ...changes, updatedAt: minutesLater(minutes) },
  occurredAt: minutesLater(minutes)
})

export const tenantTopics = {
  "ops.tenant.created": topic(TenantChanged, "A tenant was made.", told(1, 0, {})),
  "ops.tenant.renamed": topic(TenantChanged, "A tenant got another name.", told(2, 60, { tenantName: "Acme Group" })),
  "ops.tenant.suspended": topic(
    TenantChanged,
    "A tenant was suspended: it is refused, and its calls wait.",
    told(3, 120, { tenantName: "Acme Group", status: "Suspended", suspendedReason: "invoice 42 is overdue" })
  ),
  "ops.tenant.resumed": topic(
    TenantChanged,
    "A tenant is served again, and its calls go on.",
    told(4, 180, { tenantName: "Acme Group" })
  ),
  "ops.tenant.deleting": topic(
    TenantChanged,
    "A tenant is being deleted: it is refused, and everything of it is erased.",
    told(5, 240, {
      tenantName: "Acme Group",
      status: "Deleting",
      deletion: { begunAt: minutesLater(240), exported: true }
    })
  ),
  "ops.tenant.deleted": topic(TenantChanged, "Nothing of a tenant is there any more, its name included.", {
    ...told(1, 300, { tenantName: erasedWorkspace(common.tenantId), status: "Deleted" }),
    tenant: {
      tenantName: erasedWorkspace(common.tenantId),
      workspace: erasedWorkspace(common.tenantId),
      status: "Deleted",
      suspendedReason: null,
      createdAt: minutesLater(300),
      updatedAt: minutesLater(300)
    }
  })
} as const
export type TenantTopic = keyof typeof tenantTopics
