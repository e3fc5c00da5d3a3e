/** Standbys of PostgreSQL servers of `startPostgres`, which follow one of them over streaming replication. */
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
  readonly settings?: Readonly<Record<string, string>>
}

const toolOf = async (name: "pg_basebackup" | "pg_rewind") => {
  const binary = await findPostgres()
  const tool = join(binary.path, "..", name)
  if (!existsSync(tool)) throw new ServerMissing(`there is no ${name} beside ${binary.path}`)
  const env = { ...plainEnvironment, ...binary.environment }
  return (home: string, ...args: ReadonlyArray<string>) =>
    promisify(execFile)(tool, args, { ...serverAccount(), cwd: home, env })
}

const homeIn = (directory: string) => reachable(resolve(directory), "/var/lib/dueline/servers")

/** Made by a base backup. Rejects with `ServerMissing` where the binaries bring no `pg_basebackup`. */
export const startStandby = async ({ directory, primary, settings = {} }: StandbyOptions): Promise<RunningServer> => {
  const baseBackup = await toolOf("pg_basebackup")
  const account = serverAccount()
  const home = homeIn(directory)
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const passwordFile = join(home, "password")
  writeFileSync(passwordFile, new URL(primary.url).password, { mode: 0o600 })
  for (const path of account === undefined ? [] : [home, passwordFile])
    chownSync(path, account?.uid ?? 0, account?.gid ?? 0)
  await baseBackup(home, "-d", primary.url, "-D", join(home, "data"), "-X", "stream", "-c", "fast", "-R", "--no-sync")
  return startPostgres({ directory, settings })
}

interface RejoinOptions extends StandbyOptions {
  /** Where it was before, since its address is known. */
  readonly port: number
}

/** What was the primary before and has ended, however it did. `wal_log_hints` was on, in its own files too, before the other was promoted. */
export const rejoinAsStandby = async ({
  directory,
  port,
  primary,
  settings = {}
}: RejoinOptions): Promise<RunningServer> => {
  const rewind = await toolOf("pg_rewind")
  const home = homeIn(directory)
  await rewind(home, "-D", join(home, "data"), `--source-server=${primary.url}`, "-R", "--no-sync")
  return startPostgres({ directory, port, settings })
}
