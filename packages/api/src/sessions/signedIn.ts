/** Who is signed in, as it is shown. */
import { formatInstant } from "@dueline/contracts/api/Wire"
import type { SignedIn } from "@dueline/contracts/session/ConsoleEndpoints"
import type { Asker } from "../access/Askers.ts"

export const signedIn = ({ expiresAt, scopes, session, subject, tenantId, tenants }: Asker): SignedIn => ({
  subject,
  tenants: tenantId === null ? tenants : [tenantId, ...tenants.filter((tenant) => tenant !== tenantId)],
  tenant: tenantId,
  roles: session?.roles ?? [],
  permissions: scopes,
  expiresAt: expiresAt === null ? null : formatInstant(expiresAt),
  session: session?.sessionId ?? null,
  way: session?.way ?? null
})
