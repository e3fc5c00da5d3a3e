/** A standby of a PostgreSQL server of `startPostgres`, made by a base backup of it, which follows it over streaming replication. */
import { execFile } from "node:child_process"
import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { findPostgres } from "./findServer.ts"
import { ServerMissing } from "./notTested.ts"
import { reachable, serverAccount } from "./ServerAccount.ts"
import { plainEnvironment } from "./ServerBinary.ts"
import type { RunningServer } from "./ServerProcess.ts"
import { startPostgres } from "./startPostgres.ts"

interface StandbyOptions {
  /** As that of `startPostgres`, which also starts it again. */
  readonly directory: string
  readonly primary: Pick<RunningServer, "url">
}

/** Rejects with `ServerMissing` where the binaries bring no `pg_basebackup`. */
export const startStandby = async ({ directory, primary }: StandbyOptions): Promise<RunningServer> => {
  const binary = await findPostgres()
  const tool = join(binary.path, "..", "pg_basebackup")
  if (!existsSync(tool)) throw new ServerMissing(`there is no pg_basebackup beside ${binary.path}`)
  const account = serverAccount()
  const home = reachable(resolve(directory), "/var/lib/dueline/servers")
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const passwordFile = join(home, "password")
  writeFileSync(passwordFile, new URL(primary.url).password, { mode: 0o600 })
  for (const path of account === undefined ? [] : [home, passwordFile])
    chownSync(path, account?.uid ?? 0, account?.gid ?? 0)
  const args = ["-d", primary.url, "-D", join(home, "data"), "-X", "stream", "-c", "fast", "-R", "--no-sync"]
  await promisify(execFile)(tool, args, {
    ...account,
    cwd: home,
    env: { ...plainEnvironment, ...binary.environment }
  })
  return startPostgres({ directory })
}
