/** Tenants over HTTP, for whoever runs the installation: what is asked of one happens in that tenant, in the name of the asker. */
import { Principal } from "@dueline/contracts/api/Access"
import { Api } from "@dueline/contracts/api/Api"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { CorrelationId, TenantId } from "@dueline/contracts/Ids"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { type TenantFacts, type TenantRejection, type TenantRow, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import type { TenantState, TenantView } from "@dueline/contracts/tenant/TenantEndpoints"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { Effect, Layer } from "effect"
import { HttpApiBuilder } from "effect/http-api"
import { CurrentCorrelationId } from "../requests/headers.ts"
import { AuditNotes } from "./AuditNotes.ts"
import { leanGroup } from "../server/leanGroup.ts"
import { defaultLimit, makePaging, rowMark } from "../resources/paging.ts"
import type { Raw } from "../resources/asking.ts"
import { notFound, type Refusals, storeUnavailable } from "../requests/refusal.ts"
import { makeReads } from "../resources/resourceReads.ts"
import { makeWrites } from "../resources/resourceWrites.ts"

const shown = (id: TenantId, tenant: TenantFacts, version: number): TenantState => ({
  id,
  workspace: tenant.workspace,
  name: tenant.name,
  status: tenant.status,
  suspendedReason: tenant.suspendedReason,
  createdAt: formatInstant(tenant.createdAt),
  updatedAt: formatInstant(tenant.updatedAt),
  version,
  links: { self: `/ops/tenants/${id}` }
})

const viewOf = (row: TenantRow): TenantView => ({
  ...shown(row.tenantId, row, row.version),
  correlationId: row.correlationId as CorrelationId
})

const refusals = {
  TenantNotFound: notFound("tenant_not_found"),
  WorkspaceTaken: {
    code: "workspace_taken",
    advice: "Use the tenant that is there, or choose another workspace."
  },
  TenantDeleted: {
    code: "workspace_deleted",
    advice: "Choose another workspace: what was signed for this one must never be good again."
  },
  OtherWorkspace: {
    code: "workspace_mismatch",
    advice: "Look at the tenant with GET, and send the workspace that it has."
  }
} as const satisfies Refusals<TenantRejection>

interface SentTo {
  readonly params: { readonly id: string }
}

/** The asker, in the tenant that is asked about. */
const inTenant =
  <S extends SentTo, A, E>(handler: (sent: S) => Effect.Effect<A, E, Principal>) =>
  (sent: S): Effect.Effect<A, E, Principal> =>
    Effect.updateService(handler(sent), Principal, (asker) => ({ ...asker, tenantId: sent.params.id as TenantId }))

const makeOperations = Effect.gen(function* () {
  const directory = yield* TenantDirectory
  const { note } = yield* AuditNotes
  /** The event is erased with the tenant; who did it stays. */
  const notedAs = <S extends SentTo, A, E>(action: string, handler: (sent: S) => Effect.Effect<A, E, Principal>) =>
    Effect.fnUntraced(function* (sent: S) {
      const answered = yield* inTenant(handler)(sent)
      note({
        tenantId: null,
        actor: { kind: "user", id: (yield* Principal).subject },
        action,
        resource: sent.params.id,
        outcome: "done",
        code: null,
        correlationId: yield* CurrentCorrelationId
      })
      return answered
    })
  const reads = yield* makeReads("tenant")
  const paging = yield* makePaging(rowMark)
  const { change, create } = yield* makeWrites("tenant", {
    refusals,
    present: reads.present,
    state: (tenantId, { outcome: { tenant }, version }) => shown(tenantId, tenant, version)
  })
  return {
    list: Effect.fnUntraced(function* ({ query }: { readonly query: Raw<"tenants", "list">["query"] }) {
      const { cursor, limit = defaultLimit } = query
      const status = query.status ?? null
      const { tenantId } = yield* Principal
      const about = { list: "tenants", status }
      const after = yield* paging.after(tenantId, about, cursor)
      const { next, rows } = yield* directory.list({ status, after, limit }).pipe(Effect.catch(storeUnavailable))
      return { items: rows.map(viewOf), nextCursor: paging.next(tenantId, about, next) }
    }),
    get: inTenant(reads.get(viewOf)),
    create: create("create", {
      as: "create-tenant",
      placeOf: ({ workspace }) => {
        const tenantId = derivedTenantId(workspace)
        return { tenantId, id: workspaceOf(tenantId) }
      },
      command: ({ at, body: { name, workspace }, fingerprint, id, origin }) => ({
        _tag: "CreateTenant",
        workspaceId: id,
        at,
        workspace,
        name: name ?? workspace,
        fingerprint,
        origin
      })
    }),
    rename: inTenant(
      change("rename", {
        as: "rename-tenant",
        except: ["WorkspaceTaken", "OtherWorkspace"],
        command: ({ at, body: { name }, id }) => ({ _tag: "RenameTenant", workspaceId: id, at, name })
      })
    ),
    suspend: inTenant(
      change("suspend", {
        as: "suspend-tenant",
        except: ["WorkspaceTaken", "OtherWorkspace"],
        command: ({ at, body: { reason }, id }) => ({ _tag: "SuspendTenant", workspaceId: id, at, reason })
      })
    ),
    resume: inTenant(
      change("resume", {
        as: "resume-tenant",
        except: ["WorkspaceTaken", "OtherWorkspace"],
        command: ({ at, id }) => ({ _tag: "ResumeTenant", workspaceId: id, at })
      })
    ),
    erase: notedAs(
      "tenant.delete",
      change("delete", {
        as: "delete-tenant",
        except: ["WorkspaceTaken"],
        status: () => 202,
        command: ({ at, body: { export: exported = true, workspace }, id }) => ({
          _tag: "DeleteTenant",
          workspaceId: id,
          at,
          workspace,
          exported
        })
      })
    )
  }
})

export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const { create, erase, get, list, rename, resume, suspend } = yield* makeOperations
    return yield* leanGroup(
      HttpApiBuilder.group(Api, "tenants", (handlers) =>
        handlers
          .handleRaw("create", create)
          .handle("list", list)
          .handle("get", get)
          .handleRaw("rename", rename)
          .handleRaw("suspend", suspend)
          .handle("resume", resume)
          .handleRaw("delete", erase)
      )
    )
  })
)
