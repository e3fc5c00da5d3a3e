/** Where a test's run keeps its files, and the program that it runs. */
import { programFile } from "@dueline/test-servers/programFile"
import { missing, serverNames } from "@dueline/test-servers/sharedServers"
import { chmod, mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { RunOptions } from "../src/Run.ts"
import type { CastName } from "../src/Stage.ts"

/** Why a split cast cannot be had here; undefined when it can. */
export const missingServers = async (): Promise<string | undefined> => {
  const reasons = await Promise.all(serverNames.map(missing))
  return reasons.find((reason) => reason !== undefined)
}

/** The directory is the test's to remove, or to keep for whoever wants to see what happened. */
export const runOn = async (
  cast: CastName
): Promise<Pick<RunOptions, "cast" | "directory" | "program" | "faketime">> => {
  const directory = await mkdtemp(join(tmpdir(), "dueline-chaos-"))
  // The database server's account has to get through.
  await chmod(directory, 0o755)
  return { cast, directory, program: programFile, faketime: null }
}
