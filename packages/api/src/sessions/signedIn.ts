/** Who is signed in, as it is shown. */
import { whereText } from "@dueline/contracts/api/conditions"
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { SignedIn } from "@dueline/contracts/session/SessionEndpoints"
import type { Asker } from "../access/Askers.ts"

/** What is allowed for some resources only. */
const forSome = (conditional: NonNullable<Asker["conditional"]>) =>
  [...conditional].map(([scope, { allow, deny }]) => ({
    scope,
    allow: allow.map(whereText),
    deny: deny.map(whereText)
  }))

export const signedIn = ({ conditional, expiresAt, scopes, session, subject, tenantId, tenants }: Asker): SignedIn => ({
  subject,
  tenants: tenantId === null ? tenants : [tenantId, ...tenants.filter((tenant) => tenant !== tenantId)],
  tenant: tenantId,
  roles: session?.roles ?? [],
  permissions: scopes,
  ...(conditional === undefined || conditional.size === 0 ? {} : { forSome: forSome(conditional) }),
  expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
  session: session?.sessionId ?? null,
  way: session?.way ?? null
})
