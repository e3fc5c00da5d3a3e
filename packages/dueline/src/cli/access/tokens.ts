import { AccessScope, tenantScopes } from "@dueline/contracts/api/Access"
import { granted } from "@dueline/contracts/api/roles"
import { TenantId } from "@dueline/contracts/Ids"
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as TokenIssuer from "@dueline/identity/TokenIssuer"
import { TenantDirectory } from "@dueline/contracts/ports/Directories"
import * as PostgresDirectories from "@dueline/postgres/read/PostgresDirectories"
import * as PostgresAuditTrail from "@dueline/postgres/write/PostgresAuditTrail"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import { Effect, Layer, Schema } from "effect"
import { existsSync } from "node:fs"
import { readdir } from "node:fs/promises"
import * as Configuration from "../../Configuration.ts"
import type { Settings } from "../../Configuration.ts"
import { homeAt } from "../../Home.ts"
import { span } from "../format.ts"
import { noted } from "../audit/noteCommand.ts"
import { openDatabase } from "../database/openDatabase.ts"
import { readCustomRoles } from "../../listSettings.ts"
import { CommandFailed, hint, print, Shell, usage } from "../Shell.ts"

// An access token made from the key files of this installation: no program has to run, no database to be asked.

export interface TokenRequest {
  /** A tenant's name or its id. */
  readonly tenant: string
  readonly scopes: ReadonlyArray<string>
  readonly ttlSeconds: number
  readonly subject: string
  readonly roles?: ReadonlyArray<string>
}

export const isTenantId = Schema.is(TenantId)

export const tenantIdOf = (tenant: string): TenantId => {
  const id = tenant.toLowerCase()
  return isTenantId(id) ? id : derivedTenantId(tenant)
}

/** Whether there is anything to sign with; looking does not make a key, as opening the keys would. */
export const hasKeys = (directory: string) =>
  Effect.promise(() =>
    readdir(directory).then(
      (names) => names.some((name) => name.endsWith(".pem")),
      () => false
    )
  )

export const mintToken = Effect.fnUntraced(function* (settings: Settings, request: TokenRequest) {
  const directory = homeAt(settings.DUELINE_HOME).keys
  if (!(yield* hasKeys(directory))) {
    return yield* new CommandFailed({
      message: `There are no signing keys in ${directory}`,
      notes: [
        "start the program once with `npm start`, set DUELINE_HOME to its home, or give a token as --token or DUELINE_TOKEN"
      ]
    })
  }
  const issuer = TokenIssuer.layer({ ...defaultTokenSettings, issuer: settings.DUELINE_ISSUER }).pipe(
    Layer.provide(SigningKeys.layer({ directory }))
  )
  const { mint } = yield* Effect.provide(TokenIssuer.TokenIssuer, issuer)
  const { roles, scopes, subject, tenant, ttlSeconds } = request
  return yield* mint({
    tenantId: tenantIdOf(tenant),
    scopes,
    ...(roles === undefined ? {} : { roles }),
    subject,
    ttlSeconds
  })
})

export interface TokenInput {
  readonly tenant: string
  readonly scopes: ReadonlyArray<AccessScope>
  readonly roles: ReadonlyArray<string>
  readonly ttlMs: number
  readonly subject: string
  readonly unchecked: boolean
}

/** The scopes that roles and scopes of the command line come to; fails for a role that there is not. */
export const scopesAsked = Effect.fnUntraced(function* (
  settings: Settings,
  { roles, scopes }: Pick<TokenInput, "roles" | "scopes">
) {
  const known = readCustomRoles(settings.DUELINE_ROLES)
  const unknown = roles.find((name) => !known.has(name))
  if (unknown !== undefined)
    return yield* usage(`There is no role ${unknown}`, `there are: ${[...known.keys()].join(", ")}`)
  const { conditional, scopes: whatever } = granted(known, {
    names: roles.length === 0 ? null : roles,
    scopes: scopes.length > 0 ? scopes : roles.length > 0 ? AccessScope.literals : tenantScopes
  })
  return [...whatever, ...conditional.keys()]
})

/** Longer than a database of this machine takes to start, shorter than anybody waits for a token. */
const patience = "20 seconds"
const namesShown = 10

const noDatabase = (why: string) =>
  new CommandFailed({
    message: `Whether there is such a tenant cannot be asked: ${why}`,
    notes: ["start the program, or check DUELINE_DATABASE_URL; with --unchecked a token is made all the same"]
  })

/** A token for a misspelt name would act for a tenant that does not exist. That one is made is noted where it can be asked for. */
const requireTenant = Effect.fnUntraced(function* (
  settings: Configuration.Settings,
  { subject, tenant }: Pick<TokenInput, "subject" | "tenant">
) {
  if (settings.DUELINE_DATABASE_URL === null && !existsSync(homeAt(settings.DUELINE_HOME).data)) {
    return yield* noDatabase(`there is no database in ${settings.DUELINE_HOME}`)
  }
  yield* checkTenant(tenant).pipe(
    Effect.andThen(noted({ action: "token", resource: subject, tenantId: tenantIdOf(tenant) })),
    Effect.provide(
      Layer.merge(PostgresDirectories.layerTenantDirectory, PostgresAuditTrail.layer).pipe(
        Layer.provide(openDatabase(settings))
      )
    ),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(noDatabase("it does not answer")) })
  )
})

/** Fails with the names of those that there are. */
export const checkTenant = Effect.fnUntraced(function* (tenant: string) {
  const tenants = yield* TenantDirectory
  if ((yield* tenants.find(tenantIdOf(tenant))) !== null) return
  const found = (yield* tenants.list({ status: null, after: null, limit: namesShown + 1 })).rows
  const names = found.slice(0, namesShown).map(({ workspace }) => workspace)
  const more = found.length > namesShown ? ", …" : ""
  return yield* new CommandFailed({
    message: `There is no tenant ${JSON.stringify(tenant)}`,
    notes: [
      names.length === 0 ? "there are no tenants yet" : `there are: ${names.join(", ")}${more}`,
      `make it with \`dueline tenant create ${isTenantId(tenant) ? "NAME" : tenant}\``
    ]
  })
})

/** What `dueline token` does. */
export const printToken = Effect.fnUntraced(function* ({
  roles,
  scopes,
  subject,
  tenant,
  ttlMs,
  unchecked
}: TokenInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const request = {
    tenant,
    subject,
    scopes: yield* scopesAsked(settings, { roles, scopes }),
    ...(roles.length === 0 ? {} : { roles }),
    ttlSeconds: Math.floor(ttlMs / 1_000)
  }
  // Without keys another home was meant, and there is nothing to be asked.
  if (!unchecked && (yield* hasKeys(homeAt(settings.DUELINE_HOME).keys)))
    yield* requireTenant(settings, { subject, tenant })
  const token = yield* mintToken(settings, request)
  yield* print(
    { token, tenantId: tenantIdOf(tenant), scopes: request.scopes, subject, expiresInSeconds: request.ttlSeconds },
    () => token
  )
  yield* hint(`good for ${span(ttlMs)} for tenant ${tenant} (${tenantIdOf(tenant)}): ${request.scopes.join(" ")}`)
  if (unchecked)
    yield* hint("nobody was asked whether there is such a tenant: a program refuses the token if there is none")
})
