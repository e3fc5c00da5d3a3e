/**
 * The files of a new PostgreSQL server. What `initdb` makes is kept for the binaries it was made with, with the superuser's password, and copied
 * from then on, which takes a tenth of the processor time: servers made from one checkout have one password.
 */
import { execFile } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { cacheDirectory, serverAccount } from "./ServerAccount.ts"
import { plainEnvironment, type ServerBinary } from "./ServerBinary.ts"

export const superuser = "dueline_admin"

const flags = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync"]

const copy = (...paths: ReadonlyArray<string>) => promisify(execFile)("cp", ["-a", ...paths])

/** By binaries that are replaced, and by the account that owns the files. */
const keptFor = ({ path }: ServerBinary): string => {
  const made = [path, statSync(path).mtimeMs, serverAccount()?.uid, ...flags].join(" ")
  return join(cacheDirectory(), `postgres-data-${createHash("sha256").update(made).digest("hex").slice(0, 16)}`)
}

/** Whoever else was at it has kept the same. */
const keep = async (kept: string, ...paths: ReadonlyArray<string>): Promise<void> => {
  const aside = `${kept}.${process.pid}-${randomBytes(4).toString("hex")}`
  mkdirSync(aside, { recursive: true })
  await copy(...paths, aside)
  try {
    renameSync(aside, kept)
  } catch (cause) {
    rmSync(aside, { recursive: true, force: true })
    if (!existsSync(kept)) throw cause
  }
}

const make = async (binary: ServerBinary, home: string, data: string, passwordFile: string): Promise<void> => {
  const account = serverAccount()
  writeFileSync(passwordFile, randomBytes(18).toString("base64url"), { mode: 0o600 })
  for (const path of account === undefined ? [] : [home, passwordFile])
    chownSync(path, account?.uid ?? 0, account?.gid ?? 0)
  const args = ["-D", data, "-U", superuser, `--pwfile=${passwordFile}`, ...flags]
  await promisify(execFile)(join(binary.path, "..", "initdb"), args, {
    ...account,
    cwd: home,
    env: { ...plainEnvironment, ...binary.environment }
  })
}

/** Made under another name and renamed when whole. Returns the superuser's password, which stays the same over restarts. */
export const initialise = async (binary: ServerBinary, home: string, data: string): Promise<string> => {
  const account = serverAccount()
  const passwordFile = join(home, "password")
  if (existsSync(data)) return readFileSync(passwordFile, "utf8")
  mkdirSync(home, { recursive: true, mode: 0o755 })
  const fresh = `${data}.new`
  rmSync(fresh, { recursive: true, force: true })
  const kept = keptFor(binary)
  if (existsSync(kept)) {
    if (account !== undefined) chownSync(home, account.uid, account.gid)
    await copy(join(kept, "password"), passwordFile)
    await copy(join(kept, "data.new"), fresh)
  } else {
    await make(binary, home, fresh, passwordFile)
    await keep(kept, fresh, passwordFile)
  }
  renameSync(fresh, data)
  return readFileSync(passwordFile, "utf8")
}
