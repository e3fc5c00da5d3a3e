/** The demo scripts against the real program, with curl and, where it is installed, with HTTPie. */
import { assert, describe, it } from "@effect/vitest"
import { execFile, spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { newHome, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"

const all = fileURLToPath(new URL("../../../scripts/demo/all.sh", import.meta.url))
const hasHttpie = spawnSync("http", ["--version"]).status === 0
let home: string
let program: RunningProgram
let token: string

beforeAll(async () => {
  home = await newHome()
  program = await startProgram(home)
  token = (await runCommand(home, ["token"])).stdout.trim()
})

afterAll(async () => {
  await program.stop("SIGTERM")
  await removeHome(home)
})

const run = (client: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const env = { ...process.env, DUELINE_SERVER: program.address, TOKEN: token, DEMO_CLIENT: client }
    execFile("bash", [all], { env }, (error, stdout, stderr) =>
      error === null ? resolve(stdout) : reject(new Error(`${stdout}\n${stderr}`))
    )
  })

describe("the demos", () => {
  it("do what they say, with curl", async () => {
    assert.include(await run("curl"), "all demos did what they say")
  })

  it("do what they say, with HTTPie where it is installed", async () => {
    if (!hasHttpie) console.warn("NOT TESTED: the demos with HTTPie, which is not installed")
    else assert.include(await run("httpie"), "all demos did what they say")
    // HTTPie takes about a second to start, and every request starts one.
  }, 240_000)
})
