/** What `dueline token` does. */
import type { AccessScope } from "@dueline/contracts/api/Access"
import { Effect } from "effect"
import * as Configuration from "../Configuration.ts"
import { allScopes, mintToken, tenantIdOf } from "./mintToken.ts"
import { span } from "./moment.ts"
import { hint, print, Shell } from "./Shell.ts"

export interface TokenInput {
  readonly tenant: string
  readonly scopes: ReadonlyArray<AccessScope>
  readonly ttlMs: number
  readonly subject: string
}

export const printToken = Effect.fnUntraced(function* ({ scopes, subject, tenant, ttlMs }: TokenInput) {
  const settings = yield* Configuration.read((yield* Shell).env)
  const wish = {
    tenant,
    subject,
    scopes: scopes.length === 0 ? allScopes : scopes,
    ttlSeconds: Math.floor(ttlMs / 1_000)
  }
  const token = yield* mintToken(settings, wish)
  yield* print(
    { token, tenantId: tenantIdOf(tenant), scopes: wish.scopes, subject, expiresInSeconds: wish.ttlSeconds },
    () => token
  )
  yield* hint(`good for ${span(ttlMs)} for tenant ${tenant} (${tenantIdOf(tenant)}): ${wish.scopes.join(" ")}`)
  if (tenant !== tenantIdOf(tenant)) {
    yield* hint(
      `ids follow from names; nobody has created a tenant named ${tenant} unless \`dueline tenant list\` shows it`
    )
  }
})
