/** What `dueline token` does. */
import type { AccessScope } from "@dueline/contracts/api/Access"
import * as Tenants from "@dueline/postgres/admin/Tenants"
import { Effect, Layer } from "effect"
import { existsSync } from "node:fs"
import * as Configuration from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { CommandFailed, hint, print, Shell } from "./Shell.ts"
import { allScopes, hasKeys, isTenantId, mintToken, tenantIdOf } from "./mintToken.ts"
import { span } from "./format.ts"
import { openDatabase } from "./openDatabase.ts"

export interface TokenInput {
  readonly tenant: string
  readonly scopes: ReadonlyArray<AccessScope>
  readonly ttlMs: number
  readonly subject: string
  readonly unchecked: boolean
}

/** Longer than a database of this machine takes to start, shorter than anybody waits for a token. */
const patience = "20 seconds"
const namesShown = 10

const noDatabase = (why: string) =>
  new CommandFailed({
    message: `Whether there is such a tenant cannot be asked: ${why}`,
    notes: ["start the program, or check DUELINE_DATABASE_URL; with --unchecked a token is made all the same"]
  })

/** A token for a misspelt name would act for a tenant that does not exist. */
const requireTenant = Effect.fnUntraced(function* (settings: Configuration.Settings, tenant: string) {
  if (settings.DUELINE_DATABASE_URL === null && !existsSync(homeAt(settings.DUELINE_HOME).data)) {
    return yield* noDatabase(`there is no database in ${settings.DUELINE_HOME}`)
  }
  const found = yield* Effect.gen(function* () {
    const tenants = yield* Tenants.Tenants
    if ((yield* tenants.find(tenantIdOf(tenant))) !== null) return null
    return yield* tenants.list({ after: null, limit: namesShown + 1 })
  }).pipe(
    Effect.provide(Tenants.layer.pipe(Layer.provide(openDatabase(settings)))),
    Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(noDatabase("it does not answer")) })
  )
  if (found === null) return
  const names = found.slice(0, namesShown).map(({ name }) => name)
  const more = found.length > namesShown ? ", …" : ""
  return yield* new CommandFailed({
    message: `There is no tenant ${JSON.stringify(tenant)}`,
    notes: [
      names.length === 0 ? "there are no tenants yet" : `there are: ${names.join(", ")}${more}`,
      `make it with \`dueline tenant create ${isTenantId(tenant) ? "NAME" : tenant}\``
    ]
  })
})

export const printToken = Effect.fnUntraced(function* ({ scopes, subject, tenant, ttlMs, unchecked }: TokenInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const request = {
    tenant,
    subject,
    scopes: scopes.length === 0 ? allScopes : scopes,
    ttlSeconds: Math.floor(ttlMs / 1_000)
  }
  // Without keys another home was meant, and there is nothing to be asked.
  if (!unchecked && (yield* hasKeys(homeAt(settings.DUELINE_HOME).keys))) yield* requireTenant(settings, tenant)
  const token = yield* mintToken(settings, request)
  yield* print(
    { token, tenantId: tenantIdOf(tenant), scopes: request.scopes, subject, expiresInSeconds: request.ttlSeconds },
    () => token
  )
  yield* hint(`good for ${span(ttlMs)} for tenant ${tenant} (${tenantIdOf(tenant)}): ${request.scopes.join(" ")}`)
  if (unchecked)
    yield* hint("nobody was asked whether there is such a tenant: a program refuses the token if there is none")
})
