/**
 * Where libfaketime comes from, which lets the wall clock of one process be set: the environment's word for it, the machine, what was
 * fetched earlier, and last the system's package archive.
 */
import { cacheDirectory } from "@dueline/test-servers/ServerAccount"
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import { unpackPackages } from "@dueline/test-servers/unpackPackages"
import { existsSync, globSync } from "node:fs"
import { join } from "node:path"

/** The variant for programs with several threads. */
const name = "faketime/libfaketimeMT.so.1"

const below = (root: string): string | undefined =>
  globSync(["usr/lib", "usr/lib/*", "usr/local/lib", "usr/lib64"].map((path) => join(root, path, name)))[0]

const fetched = async (): Promise<string | undefined> => {
  const tree = join(cacheDirectory(), "libfaketime")
  const wanted = { name: "libfaketime", tree, packages: async () => ["libfaketime"] }
  if (below(tree) === undefined) await unpackPackages(wanted, async () => below(tree) !== undefined)
  return below(tree)
}

/** Path of the library. Rejects with `ServerMissing`, whose message says what was tried and what to do. */
export const findFaketime = async (): Promise<string> => {
  const variable = "DUELINE_FAKETIME"
  const missing = (why: string) =>
    new ServerMissing(`libfaketime cannot be had: ${why}. Install libfaketime, or name its library in ${variable}.`)
  const named = process.env[variable]
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named
    throw missing(`${variable} names ${named}, which is not there`)
  }
  const found = below("/") ?? (await fetched().catch((cause: unknown) => cause))
  if (typeof found === "string") return found
  throw missing(`it is not installed; ${found instanceof Error ? found.message : "the package does not hold it"}`)
}

/** Null when it cannot be had, which is then said; an error with `CI=true`. */
export const faketimeIfAny = async (): Promise<string | null> => {
  try {
    return await findFaketime()
  } catch (cause) {
    if (!(cause instanceof ServerMissing)) throw cause
    notTested("chaos with wall clocks that are set", cause.message)
    return null
  }
}
