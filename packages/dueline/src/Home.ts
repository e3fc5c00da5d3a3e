/** Where everything of one installation lives on disk. */
import { join } from "node:path"

export interface Home {
  readonly path: string
  /** Private keys of the token issuer. Readable by the owner alone. */
  readonly keys: string
  /** The file of secret keys that requests are sealed with, and from which signing secrets are derived. */
  readonly vaultKeys: string
  /** Which installation this is, by an id that its database has too. */
  readonly installationId: string
  /** The database's files; there as soon as there is a database. */
  readonly data: string
}

export const homeAt = (path: string): Home => ({
  path,
  keys: join(path, "keys", "tokens"),
  vaultKeys: join(path, "keys", "installation.keys"),
  installationId: join(path, "keys", "installation.id"),
  data: join(path, "postgres", "data")
})
