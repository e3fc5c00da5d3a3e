/** Asks the writer for something about a tenant in the program's own name: at the start, and on the command line. */
import type { ApiKeyCommand, ApiKeyId } from "@dueline/contracts/apiKey/ApiKey"
import { EpochMillis, type TenantId } from "@dueline/contracts/Ids"
import { systemEnvelope } from "@dueline/contracts/Envelope"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type TenantCommand, type TenantRow, type WorkspaceId, workspaceOf } from "@dueline/contracts/tenant/Tenant"
import { drawKey, keyDigest } from "@dueline/identity/apiKeyText"
import { derivedTenantId } from "@dueline/identity/derivedId"
import { randomCorrelationId, randomUuidV7 } from "@dueline/identity/randomId"
import { Clock, Effect } from "effect"

/** Each asking is a command of its own: done twice, it is refused or changes nothing, as the tenant decides. */
export const changeTenant = Effect.fnUntraced(function* (
  tenantId: TenantId,
  commandAt: (about: {
    readonly workspaceId: WorkspaceId
    readonly at: EpochMillis
    readonly correlationId: Effect.Success<typeof randomCorrelationId>
  }) => TenantCommand
) {
  const orchestrator = yield* Orchestrator
  const correlationId = yield* randomCorrelationId
  const at = EpochMillis.make(yield* Clock.currentTimeMillis)
  const command = commandAt({ workspaceId: workspaceOf(tenantId), at, correlationId })
  const { outcome, version } = yield* orchestrator.ask(
    systemEnvelope("dueline-cli", { tenantId, correlationId }, `${command._tag}:${correlationId}`, command)
  )
  return { ...outcome, version }
})

export const createTenant = (workspace: string, name: string) =>
  changeTenant(derivedTenantId(workspace), ({ at, correlationId, workspaceId }) => ({
    _tag: "CreateTenant",
    workspaceId,
    at,
    workspace,
    name,
    fingerprint: null,
    origin: { correlationId, traceparent: null }
  }))

/** `exported`: everything of it is written down before it is erased. */
export const deleteTenant = ({ tenantId, workspace }: Pick<TenantRow, "tenantId" | "workspace">, exported: boolean) =>
  changeTenant(tenantId, ({ at, workspaceId }) => ({ _tag: "DeleteTenant", workspaceId, at, workspace, exported }))

/** Makes an API key of a tenant, and answers with its text, which stands nowhere else. */
export const createApiKey = Effect.fnUntraced(function* (
  tenantId: TenantId,
  described: { readonly name: string; readonly workspace: string; readonly scopes: ReadonlyArray<string> }
) {
  const orchestrator = yield* Orchestrator
  const correlationId = yield* randomCorrelationId
  const id = (yield* randomUuidV7) as ApiKeyId
  const text = drawKey(id)
  const command: ApiKeyCommand = {
    _tag: "CreateApiKey",
    apiKeyId: id,
    at: EpochMillis.make(yield* Clock.currentTimeMillis),
    key: { ...described, expiresAt: null, digest: keyDigest(text) },
    fingerprint: null,
    origin: { correlationId, traceparent: null }
  }
  yield* orchestrator.ask(systemEnvelope("dueline-cli", { tenantId, correlationId }, `CreateApiKey:${id}`, command))
  return { id, key: text }
})
