/** The program that tests, chaos and benches start as their users do. */
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

/** `PROGRAM_FILE` is set by `scripts/bootstrap.mjs`, which puts the program together; else it is run from its sources. */
export const programFile =
  process.env["PROGRAM_FILE"] ?? fileURLToPath(new URL("../../dueline/src/main.ts", import.meta.url))

/**
 * Addresses of all that is loaded with the module at `url`, in a process of its own, where the program is only asked for its version; then
 * the names of what Node has loaded of itself, such as `NativeModule fs`.
 */
export const loadedBy = async (url: string): Promise<ReadonlyArray<string>> => {
  const script = `
    import { registerHooks } from "node:module"
    const urls = []
    registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context) } })
    process.argv = [process.argv[0], "dueline", "--version"]
    await import(${JSON.stringify(url)})
    process._rawDebug(JSON.stringify([...urls, ...process.moduleLoadList]))
    process.exit(0)`
  const node = promisify(execFile)
  const { stderr } = await node(process.execPath, ["--input-type=module", "--eval", script], {
    maxBuffer: 16 * 2 ** 20
  })
  return JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as ReadonlyArray<string>
}
