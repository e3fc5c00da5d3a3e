/** The demo scripts against the real program as `npm start` starts it, with both clients they know. */
import { findHttpie } from "@dueline/test-servers/findServer"
import { notTested, ServerMissing } from "@dueline/test-servers/notTested"
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { homeWithDatabase, npmStart, printed, removeHome, type RunningProgram } from "./RunningProgram.ts"

const all = fileURLToPath(new URL("../../../scripts/demo/all.sh", import.meta.url))
const httpie = await findHttpie().catch((cause: unknown) => {
  if (cause instanceof ServerMissing) return notTested("the demos with HTTPie", cause.message)
  throw cause
})
/**
 * HTTPie takes half a second to start, and every request starts one. The demos differ in what they ask, not in how it is sent: in these
 * is every shape of a request (body, none, headers, a signature over the bytes).
 */
const manyShapes = ["submit", "list", "idempotency", "courier"]
let home: string
let program: RunningProgram
let token: string

beforeAll(async () => {
  home = await homeWithDatabase()
  program = await npmStart(home)
  token = await printed(home, ["token"])
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await removeHome(home)
})

const run = (client: string, more: NodeJS.ProcessEnv = {}, demos: ReadonlyArray<string> = []): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      DUELINE_HOME: home,
      DUELINE_SERVER: program.address,
      TOKEN: token,
      DEMO_CLIENT: client,
      ...more
    }
    execFile("bash", [all, ...demos], { env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${stdout}\n${stderr}`))
    )
  })

// Side by side: each of them waits for calls to become due.
describe.concurrent("the demos", () => {
  it("do what they say, with curl", async () => {
    assert.include(await run("curl"), "all demos did what they say")
  })

  it.skipIf(typeof httpie === "string")(
    "do what they say, with HTTPie",
    async () => {
      if (typeof httpie === "string") return
      // Settings of its own: the developer's may change what it prints, and it is to look for no newer version of itself.
      const settings = join(home, "httpie")
      mkdirSync(settings)
      writeFileSync(join(settings, "config.json"), JSON.stringify({ disable_update_warnings: true }))
      const path = [dirname(httpie.path), process.env["PATH"]].join(delimiter)
      const output = await run("httpie", { PATH: path, HTTPIE_CONFIG_DIR: settings }, manyShapes)
      assert.include(output, "all demos did what they say")
    },
    480_000
  )

  it("end with the reason when the client that was asked for is not there", async () => {
    const failure = await run("wget").catch(String)
    assert.include(failure, "DEMO_CLIENT is wget: it can be httpie or curl")
  })
})

it("what npm start starts comes to its ready line, serves, and stops in order when it is told to", async () => {
  assert.strictEqual(await program.stop("SIGTERM"), 0, program.output())
  assert.match(await fetch(program.address).then(() => "it answers", String), /fetch failed/u)
})
