/** Where everything of one installation lives on disk. */
import { join, resolve } from "node:path"
import type { Settings } from "./Configuration.ts"

export interface Home {
  readonly path: string
  /** Private keys of the token issuer. Readable by the owner alone. */
  readonly keys: string
  /** The file of secret keys that requests are sealed with, and from which signing secrets are derived. */
  readonly vaultKeys: string
  /** The keys that followed the first one which checkpoints were signed with; there once one did. */
  readonly auditKeys: string
  /** Which installation this is, by an id that its database has too. */
  readonly installationId: string
  /** Where checkpoints of the audit tree are written, unless the configuration names another folder. */
  readonly checkpoints: string
  /** The database's files; there as soon as there is a database. */
  readonly data: string
}

export const homeAt = (path: string): Home => ({
  path,
  keys: join(path, "keys", "tokens"),
  vaultKeys: join(path, "keys", "installation.keys"),
  auditKeys: join(path, "keys", "audit.keys"),
  installationId: join(path, "keys", "installation.id"),
  checkpoints: join(path, "audit"),
  data: join(path, "postgres", "data")
})

export const checkpointsFolder = (settings: Pick<Settings, "DUELINE_HOME" | "DUELINE_AUDIT_CHECKPOINTS">): string => {
  const { DUELINE_AUDIT_CHECKPOINTS: named, DUELINE_HOME: home } = settings
  return named === "" ? homeAt(home).checkpoints : resolve(named)
}

/** Where everything of a tenant is written before it is erased. */
export const tenantExports = (settings: Pick<Settings, "DUELINE_HOME" | "DUELINE_TENANT_EXPORT">): string => {
  const { DUELINE_HOME: home, DUELINE_TENANT_EXPORT: named } = settings
  return named === "" ? join(home, "exports") : resolve(named)
}
