/**
 * Which source files of the project run for one submission (socket to 202) and for one due call (alarm, target, recorded): what there is to
 * read for somebody who follows a call.
 *
 * The program runs from its sources in a process of its own, and V8 counts calls of functions there, over the inspector. A file counts when
 * a function of it runs in every one of several rounds: heartbeats, polls and sweeps fall into some of them only. What runs as well while
 * nothing happens is left out.
 */
import { execFileSync, spawn } from "node:child_process"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { inspector } from "./inspector.ts"
import { newHome, removeHome } from "./Subject.ts"

export interface FilesRun {
  /** From the root of the workspace, sorted. */
  readonly submission: ReadonlyArray<string>
  readonly dueCall: ReadonlyArray<string>
}

const rounds = 8
/**
 * Milliseconds before a call is due at which counting begins: longer than alarms fire ahead. Short windows keep out what runs every second.
 */
const beforehandMs = 150
/** Milliseconds from the request at the target until its result is recorded and published, with room to spare. */
const afterwardsMs = 400

interface Coverage {
  readonly result: ReadonlyArray<{
    readonly url: string
    readonly functions: ReadonlyArray<{
      readonly ranges: ReadonlyArray<{ readonly startOffset: number; readonly count: number }>
    }>
  }>
}

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

/** A program from the sources under `root`, ready to take calls. */
const start = async (root: string, home: string) => {
  const main = join(root, "packages", "dueline", "src", "main.ts")
  const env = {
    PATH: process.env["PATH"],
    HOME: process.env["HOME"],
    DUELINE_HOME: home,
    PORT: "0",
    DUELINE_EGRESS_ALLOW: "127.0.0.1",
    LOG_LEVEL: "warn"
  }
  const child = spawn(process.execPath, ["--inspect=127.0.0.1:0", main, "serve", "--demo"], {
    env,
    stdio: ["ignore", "pipe", "pipe"]
  })
  const ended = new Promise((end) => child.once("exit", end))
  const said = await new Promise<string>((ready, failed) => {
    let text = ""
    const hear = (chunk: Buffer) => {
      text += chunk.toString("utf8")
      if (/ready at http/u.test(text) && /ws:\/\//u.test(text)) ready(text)
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    void ended.then(() => failed(new Error(`the program ended:\n${text}`)))
  })
  const token = execFileSync(process.execPath, [main, "token", "--ttl", "1h"], { env, encoding: "utf8" }).trim()
  return {
    address: /ready at (http:\/\/\S+)/u.exec(said)?.[1] ?? "",
    socket: /(ws:\/\/\S+)/u.exec(said)?.[1] ?? "",
    token,
    stop: async () => {
      child.kill("SIGTERM")
      await ended
    }
  }
}

/** Files with a function that was called since the last look, apart from what runs when a file is loaded. */
const filesOf = ({ result }: Coverage, root: string): ReadonlySet<string> => {
  const packages = `${pathToFileURL(join(root, "packages")).href}/`
  const ran = result.filter(({ functions }) =>
    functions.some(({ ranges: [whole] }) => whole !== undefined && whole.startOffset > 0 && whole.count > 0)
  )
  return new Set(
    ran.flatMap(({ url }) =>
      url.startsWith(packages) && url.includes("/src/") && !url.includes("/node_modules/")
        ? [`packages/${url.slice(packages.length)}`]
        : []
    )
  )
}

const inAll = (sets: ReadonlyArray<ReadonlySet<string>>): ReadonlyArray<string> => {
  const [first = new Set<string>(), ...rest] = sets
  return [...first].filter((file) => rest.every((set) => set.has(file))).sort()
}

/** `root`: the workspace whose sources are looked at. */
export const filesRun = async (root: string): Promise<FilesRun> => {
  const home = newHome()
  const hits: Array<() => void> = []
  const target = createServer((request, response) => {
    request.resume().on("end", () => {
      response.end("ok")
      hits.shift()?.()
    })
  })
  await new Promise<void>((listening) => target.listen(0, "127.0.0.1", listening))
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`
  const program = await start(root, home)
  const { ask, close } = await inspector(program.socket)
  const look = async () => filesOf(await ask<Coverage>("Profiler.takePreciseCoverage"), root)
  const submit = async (dueInMs: number) => {
    const { status } = await fetch(`${program.address}/v1/service-calls`, {
      method: "POST",
      headers: { authorization: `Bearer ${program.token}`, "content-type": "application/json" },
      body: JSON.stringify({
        dueAt: new Date(Date.now() + dueInMs).toISOString(),
        request: { method: "POST", url, headers: { "content-type": "application/json" }, body: '{"order":4711}' }
      })
    })
    if (status !== 202) throw new Error(`a submission was answered with ${status}`)
  }
  /** What runs from shortly before the due time until the result is recorded. */
  const due = async () => {
    const hit = new Promise<void>((done) => hits.push(done))
    const dueAt = Date.now() + 1_000
    await submit(1_000)
    await pause(dueAt - beforehandMs - Date.now())
    await look()
    await hit
    await pause(afterwardsMs)
    return look()
  }
  await ask("Profiler.enable")
  await ask("Profiler.startPreciseCoverage", { callCount: true, detailed: false })
  await due()
  const submissions: Array<ReadonlySet<string>> = []
  const dueCalls: Array<ReadonlySet<string>> = []
  const idles: Array<ReadonlySet<string>> = []
  for (let round = 0; round < rounds; round += 1) {
    await look()
    await pause(beforehandMs + afterwardsMs)
    idles.push(await look())
    await submit(50_000)
    submissions.push(await look())
    dueCalls.push(await due())
  }
  close()
  await program.stop()
  target.close()
  target.closeAllConnections()
  removeHome(home)
  const idle = new Set(inAll(idles))
  const withoutIdle = (files: ReadonlyArray<string>) => files.filter((file) => !idle.has(file))
  return { submission: withoutIdle(inAll(submissions)), dueCall: withoutIdle(inAll(dueCalls)) }
}
