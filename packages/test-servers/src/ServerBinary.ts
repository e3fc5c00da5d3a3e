/** The program of a server: where programs are, and whether one is what its name says, which it is asked itself. */
import { execFile } from "node:child_process"
import { accessSync, constants, readdirSync } from "node:fs"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"

export interface ServerBinary {
  readonly path: string
  /** As the program itself says, e.g. `2.15.1`. */
  readonly version: string
  /** What it needs in its environment; a program that was unpacked has its libraries beside it. */
  readonly environment: Readonly<Record<string, string>>
}

/** Environment of every server, so that a developer's own settings change nothing. */
export const plainEnvironment = { PATH: process.env["PATH"] ?? "", LC_ALL: "C.UTF-8", TZ: "UTC" }

export const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** All programs of that name on the PATH, and where system administrators' programs are, which may not be on it. */
export const onPath = (name: string): ReadonlyArray<string> =>
  [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin"]
    .filter((directory) => directory !== "")
    .map((directory) => join(directory, name))
    .filter((path, at, all) => all.indexOf(path) === at && isExecutable(path))

/** Where the libraries of an unpacked tree are, for the dynamic linker; empty when it has none. */
export const librariesOf = (tree: string): Readonly<Record<string, string>> => {
  const found = ["lib", "usr/lib"].flatMap((folder) => {
    const names = directoriesIn(join(tree, folder)).filter((name) => name.includes("-linux-"))
    return names.flatMap((name) => ["", "blas", "lapack"].map((part) => join(tree, folder, name, part)))
  })
  return found.length === 0 ? {} : { LD_LIBRARY_PATH: found.join(":") }
}

const directoriesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** The first dotted number that the program prints when asked for its version; undefined when it does not run. */
const versionOf = async (
  path: string,
  environment: Readonly<Record<string, string>> = {}
): Promise<string | undefined> => {
  try {
    const env = { ...plainEnvironment, ...environment }
    const { stdout } = await promisify(execFile)(path, ["--version"], { env, timeout: 20_000 })
    return /\d+(\.\d+)+/.exec(stdout)?.[0]
  } catch {
    return undefined
  }
}

/** Whether `version` is `minimum` or later, number by number. */
export const atLeast = (version: string, minimum: string): boolean => {
  const [have, want] = [version, minimum].map((text) => text.split(".").map(Number))
  for (const [at, wanted] of (want ?? []).entries()) {
    const had = have?.[at] ?? 0
    if (had !== wanted) return had > wanted
  }
  return true
}

/** The program when it runs and is not too old; else a clause that says what is wrong with it. */
export const judged = async (
  path: string,
  minimum: string,
  environment: Readonly<Record<string, string>> = {}
): Promise<ServerBinary | string> => {
  const version = await versionOf(path, environment)
  if (version === undefined) return `${path} does not run`
  return atLeast(version, minimum) ? { path, version, environment } : `${path} is ${version}, older than ${minimum}`
}
