/** What `dueline tenant` does. Works beside a running program, which hears of it within seconds, and without one. */
import { tenantScopes } from "@dueline/contracts/api/Access"
import { defaultWorkspace } from "@dueline/contracts/apiKey/ApiKey"
import type { EpochMillis } from "@dueline/contracts/Ids"
import type { RowMark } from "@dueline/contracts/ports/Queries"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import { type TenantCommand, type TenantRow, Workspace, type WorkspaceId } from "@dueline/contracts/tenant/Tenant"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { makeDerived } from "@dueline/secrets/SigningSecrets"
import { Effect, Layer, Redacted, Schema } from "effect"
import { join } from "node:path"
import {
  changeTenant,
  createApiKey,
  createTenant as create,
  deleteTenant as beginDeletion
} from "../../changeTenant.ts"
import * as Configuration from "../../Configuration.ts"
import { tenantExports } from "../../Home.ts"
import { localInstant, table } from "../format.ts"
import { noteCommand, noted } from "../audit/noteCommand.ts"
import { commandWriters } from "../database/commandWriters.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { keysAreThere, layer as eraseLayer, makeErasing } from "../database/erasures.ts"
import { keysOfHome } from "../keysOfHome.ts"
import { CommandFailed, hint, print, Shell, usage } from "../Shell.ts"
import { tenantIdOf } from "./tokens.ts"

const stores = Effect.map(
  Effect.flatMap(Shell, ({ env }) => Configuration.read(env)),
  (settings) => Layer.provide(commandWriters, openDatabase(settings))
)

/** The tenant of this workspace or id; fails in words when there is none. */
export const existingTenant = Effect.fnUntraced(function* (tenant: string) {
  const row = yield* (yield* TenantDirectory).find(tenantIdOf(tenant))
  if (row !== null) return row
  return yield* new CommandFailed({
    message: `There is no tenant ${JSON.stringify(tenant)}`,
    notes: ["see which there are with `dueline tenant list`"]
  })
})

interface CreateInput {
  readonly argument: string | undefined
  readonly workspace: string | undefined
  readonly name: string | undefined
  readonly apiKey: string | undefined
  readonly scopes: ReadonlyArray<string>
  readonly ifAbsent: boolean
}

/** What a key is mostly made for: a web shop or an app that reports what happened. */
const usualScopes = ["ops:events.write"]

/** The key that is to be made with the tenant, judged before anything is done. */
const keyAsked = ({ apiKey, scopes }: CreateInput) => {
  if (apiKey === undefined) {
    return scopes.length === 0 ? Effect.succeed(null) : usage("--scope says what a key may do: say --api-key NAME too")
  }
  const unknown = scopes.find((scope) => !(tenantScopes as ReadonlyArray<string>).includes(scope))
  if (unknown !== undefined) {
    return usage(`${JSON.stringify(unknown)} is no scope of an API key`, `there are: ${tenantScopes.join(" ")}`)
  }
  return Effect.succeed({
    name: apiKey,
    workspace: defaultWorkspace,
    scopes: scopes.length === 0 ? usualScopes : [...new Set(scopes)]
  })
}

const isWorkspace = Schema.is(Workspace)

/** By whichever of the three it was given. */
const workspaceOf = ({ argument, name, workspace }: CreateInput) => {
  if (argument !== undefined && workspace !== undefined && argument !== workspace)
    return usage("The workspace was given twice: as an argument and as --workspace")
  const found = argument ?? workspace ?? name
  if (found === undefined) return usage("Say what the tenant is called: --workspace NAME, or NAME alone")
  return isWorkspace(found)
    ? Effect.succeed(found)
    : usage(
        `${JSON.stringify(found)} cannot be a workspace: 1 to 63 of a-z and 0-9, with hyphens in between`,
        "say --workspace too; --name may be any text"
      )
}

export const createTenant = Effect.fnUntraced(function* (input: CreateInput) {
  const workspace = yield* workspaceOf(input)
  const asked = yield* keyAsked(input)
  const name = input.name ?? workspace
  const tenantId = tenantIdOf(workspace)
  const made = create(workspace, name).pipe(
    Effect.as(true),
    Effect.catchTag("TenantDeleted", () =>
      Effect.fail(
        new CommandFailed({
          message: `The workspace ${workspace} had a tenant that was deleted, or is being deleted`,
          notes: ["choose another --workspace: what was signed for this one must never be good again"]
        })
      )
    ),
    Effect.catchTag("WorkspaceTaken", () =>
      input.ifAbsent
        ? Effect.succeed(false)
        : Effect.fail(
            new CommandFailed({
              message: `The workspace ${workspace} has a tenant already: ${tenantId}`,
              notes: ["choose another --workspace, or say --if-absent to leave it as it is"]
            })
          )
    )
  )
  const { apiKey, created } = yield* Effect.gen(function* () {
    const created = yield* made
    return { created, apiKey: created && asked !== null ? yield* createApiKey(tenantId, asked) : null }
  }).pipe(Effect.provide(yield* stores))
  const key = asked === null ? {} : { apiKey: apiKey === null ? null : { ...asked, ...apiKey } }
  yield* print({ tenantId, workspace, name, created, ...key }, () =>
    [
      `${tenantId}  ${workspace}${created ? "" : "  (was there already)"}`,
      ...(apiKey === null ? [] : [`API key ${asked?.name}: ${apiKey.key}`])
    ].join("\n")
  )
  if (apiKey !== null) yield* hint("the key is not shown again")
  if (asked !== null && apiKey === null) {
    yield* hint(`no key was made: dueline api-key create ${asked.name} --scope ${asked.scopes.join(" --scope ")}`)
  }
  yield* hint(`a token for it: dueline token --tenant ${workspace}`)
})

const listLimit = 1_000
const pageLimit = 200

const standing = ({ status, suspendedReason }: TenantRow): string =>
  suspendedReason === null ? status : `${status}: ${suspendedReason}`

export const listTenants = Effect.fnUntraced(function* () {
  const { offsetMinutes } = yield* Shell
  const items: Array<TenantRow> = []
  yield* Effect.gen(function* () {
    const { list } = yield* TenantDirectory
    let after: RowMark | null = null
    do {
      const page: Effect.Success<ReturnType<typeof list>> = yield* list({ status: null, after, limit: pageLimit })
      items.push(...page.rows)
      after = page.next
    } while (after !== null && items.length < listLimit)
  }).pipe(Effect.provide(yield* stores))
  const documents = items.map(({ createdAt, name, status, suspendedReason, tenantId, workspace }) => {
    return { tenantId, workspace, name, status, suspendedReason, createdAt: localInstant(createdAt, 0) }
  })
  yield* print({ items: documents }, () =>
    items.length === 0
      ? "no tenants"
      : table([
          ["ID", "WORKSPACE", "NAME", "STATUS", "CREATED"],
          ...items.map((row) => [
            row.tenantId,
            row.workspace,
            row.name,
            standing(row),
            localInstant(row.createdAt, offsetMinutes(row.createdAt))
          ])
        ])
  )
  if (items.length >= listLimit) yield* hint(`only the newest ${items.length}`)
})

/** A change of a tenant that is there, and how it stands afterwards. */
const change = Effect.fnUntraced(function* (
  tenant: string,
  commandAt: (about: { readonly workspaceId: WorkspaceId; readonly at: EpochMillis }) => TenantCommand
) {
  const { tenantId, workspace } = yield* existingTenant(tenant)
  const { tenant: after } = yield* changeTenant(tenantId, commandAt).pipe(
    Effect.catchTag("TenantDeleted", () =>
      Effect.fail(new CommandFailed({ message: `The tenant ${tenant} was deleted, or is being deleted`, notes: [] }))
    )
  )
  const { name, status, suspendedReason } = after
  yield* print({ tenantId, workspace, name, status, suspendedReason }, () =>
    [tenantId, workspace, name, suspendedReason === null ? status : `${status}: ${suspendedReason}`].join("  ")
  )
})

export const renameTenant = Effect.fnUntraced(function* (input: { readonly tenant: string; readonly name: string }) {
  const { name, tenant } = input
  yield* Effect.provide(
    change(tenant, ({ at, workspaceId }) => ({ _tag: "RenameTenant", workspaceId, at, name })),
    yield* stores
  )
})

export const suspendTenant = Effect.fnUntraced(function* (input: { readonly tenant: string; readonly reason: string }) {
  const { reason, tenant } = input
  yield* Effect.provide(
    change(tenant, ({ at, workspaceId }) => ({ _tag: "SuspendTenant", workspaceId, at, reason })),
    yield* stores
  )
  yield* hint("within seconds it is refused everywhere and its calls wait; `dueline tenant resume` ends that")
})

export const resumeTenant = Effect.fnUntraced(function* ({ tenant }: { readonly tenant: string }) {
  yield* Effect.provide(
    change(tenant, ({ at, workspaceId }) => ({ _tag: "ResumeTenant", workspaceId, at })),
    yield* stores
  )
})

export interface DeleteInput {
  readonly tenant: string
  readonly confirm: string
  readonly export: boolean
}

/** Begins it, and does it to its end. Begun before, it goes on. */
export const deleteTenant = Effect.fnUntraced(function* (input: DeleteInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  yield* keysAreThere(settings)
  const work = Effect.gen(function* () {
    const found = yield* existingTenant(input.tenant)
    const { status, tenantId, workspace } = found
    if (input.confirm !== workspace && status !== "Deleting") {
      return yield* usage(
        `The tenant ${input.tenant} has the workspace ${workspace}, not ${input.confirm}`,
        `to delete it for ever say --confirm ${workspace}`
      )
    }
    if (status !== "Deleted") {
      yield* beginDeletion(found, input.export)
      yield* noted({ action: "tenant.delete", resource: tenantId })
    }
    const { erase } = yield* makeErasing(settings)
    yield* erase(tenantId, ({ events, others, streams }, altered) =>
      Effect.gen(function* () {
        yield* hint(`erased so far: ${streams} streams with ${events} events, ${others} other rows`)
        if (altered === 0) return
        return yield* new CommandFailed({
          message: `${altered} events or audit entries of ${tenantId} are not what was sealed, and stay`,
          notes: ["`dueline audit verify` says which; look into who changed them before you go on"]
        })
      })
    )
    return tenantId
  })
  const tenantId = yield* work.pipe(
    Effect.provide(
      Layer.mergeAll(commandWriters, eraseLayer(settings), PostgresAuditTrail.layer).pipe(
        Layer.provide(openDatabase(settings))
      )
    )
  )
  const folder = input.export ? join(tenantExports(settings), tenantId) : null
  yield* print({ tenantId, erased: true, export: folder }, () => `${tenantId}  erased`)
  if (folder !== null)
    yield* hint(`what was in it is in ${folder}; a program that ran beside this wrote to its own folder`)
  yield* hint("keep `dueline erasures list` up to date: a backup of before still has the tenant")
})

// What `dueline tenant secret` does: the receivers of a tenant's calls verify them with it.

export const printTenantSecret = Effect.fnUntraced(function* ({ name }: { readonly name: string }) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const vaultKeys = yield* keysOfHome(
    settings,
    "start the program once with `npm start`, or set DUELINE_HOME to its home"
  )
  const { signingMaster } = yield* loadKeyFile(vaultKeys)
  const tenantId = tenantIdOf(name)
  const secret = yield* makeDerived(signingMaster).secretFor(tenantId)
  if (secret === null) return yield* new CommandFailed({ message: `The calls of ${name} are not signed` })
  yield* noteCommand(settings, { action: "tenant.secret", resource: tenantId, tenantId })
  yield* print({ tenantId, secret: Redacted.value(secret) }, () => Redacted.value(secret))
  yield* hint(`signs the calls of tenant ${name} (${tenantId}); give it to those who receive them, and to nobody else`)
})
