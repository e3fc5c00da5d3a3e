/** What a start loads, which is half of what it costs: how soon a killed process has a successor depends on it. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { promisify } from "node:util"

const program = new URL("../src/serve.ts", import.meta.url).href

/** The modules that are loaded before a line of the program runs, in a process of its own. */
const loadedBy = async (module: string): Promise<ReadonlyArray<string>> => {
  const script = `
    import { registerHooks } from "node:module"
    const urls = []
    registerHooks({ load: (url, context, next) => { urls.push(url); return next(url, context) } })
    await import(${JSON.stringify(module)})
    process.stdout.write(JSON.stringify(urls), () => process.exit(0))`
  const node = promisify(execFile)
  const { stdout } = await node(process.execPath, ["--input-type=module", "--eval", script], {
    maxBuffer: 16 * 2 ** 20
  })
  return JSON.parse(stdout) as ReadonlyArray<string>
}

describe("the start of a program", () => {
  it("loads neither the clients of servers that may not be configured nor pages that may not be asked for", async () => {
    const urls = await loadedBy(program)
    assert.isTrue(urls.some((url) => url.endsWith("/dueline/src/Program.ts")))
    assert.deepStrictEqual(
      urls.filter((url) =>
        /\/node_modules\/(@redis|redis|@nats-io|redoc)\/|\/packages\/nats\/|httpApiSwagger/u.test(url)
      ),
      []
    )
  })
})
