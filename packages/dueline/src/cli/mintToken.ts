/** An access token made from the key files of this installation: no program has to run, no database to be asked. */
import { AccessScope } from "@dueline/contracts/api/Access"
import { TenantId } from "@dueline/contracts/Ids"
import { derivedTenantId } from "@dueline/identity/derivedId"
import * as SigningKeys from "@dueline/secrets/SigningKeys"
import * as TokenIssuer from "@dueline/identity/TokenIssuer"
import { defaultTokenSettings } from "@dueline/identity/AccessToken"
import { Effect, Layer, Schema } from "effect"
import { readdir } from "node:fs/promises"
import type { Settings } from "../Configuration.ts"
import { homeAt } from "../Home.ts"
import { CommandFailed } from "./Shell.ts"

export interface TokenRequest {
  /** A tenant's name or its id. */
  readonly tenant: string
  readonly scopes: ReadonlyArray<string>
  readonly ttlSeconds: number
  readonly subject: string
}

export const allScopes = AccessScope.literals
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
  const { scopes, subject, tenant, ttlSeconds } = request
  return yield* mint({ tenantId: tenantIdOf(tenant), scopes, subject, ttlSeconds })
})
