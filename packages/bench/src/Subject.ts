/** The program under measurement, as its users run it: a process with a home of its own, durable on disk. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { programFile } from "@dueline/test-servers/programFile"
import { memoryOf, memoryOfFamily, timeOf, timeOfFamily } from "./ProcessTime.ts"

export interface Subject {
  readonly address: string
  readonly token: string
  readonly home: string
  /** Of the embedded database server. */
  readonly postmaster: number
  /** From the start of the process until it said that it was ready, in milliseconds. */
  readonly readyMs: number
  readonly cpuMicros: () => { readonly program: number; readonly database: number }
  readonly memoryMib: () => { readonly program: number; readonly database: number }
  /** What Node said where to inspect it, when it was started with `--inspect`. */
  readonly inspectAt: string | null
  readonly stop: (signal: "SIGTERM" | "SIGKILL") => Promise<void>
}

/** One that the account of the database server can enter too, so that all of it is in there and goes with it. */
export const newHome = (): string => {
  const home = mkdtempSync(join(tmpdir(), "dueline-bench-"))
  chmodSync(home, 0o755)
  return home
}
export const removeHome = (home: string): void => rmSync(home, { recursive: true, force: true, maxRetries: 10 })

export const environment = (home: string): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DUELINE_HOME: home,
  PORT: "0",
  DUELINE_EGRESS_ALLOW: "127.0.0.1",
  LOG_LEVEL: "warn"
})

/** What a command of the program prints. */
export const printedBy = (env: NodeJS.ProcessEnv, ...words: ReadonlyArray<string>): string =>
  execFileSync(process.execPath, [programFile, ...words], { env, encoding: "utf8" }).trim()

interface Said {
  /** Null of a process without an edge. */
  readonly address: string | null
  readonly inspectAt: string | null
}

export const ready = (child: ChildProcess): Promise<Said> =>
  new Promise((resolve, reject) => {
    let text = ""
    const hear = (chunk: Buffer) => {
      text += chunk.toString("utf8")
      const said = /ready(?: at (http:\/\/\S+))?\s/u.exec(text)
      if (said !== null)
        resolve({ address: said[1] ?? null, inspectAt: /listening on (ws:\/\/\S+)/u.exec(text)?.[1] ?? null })
    }
    child.stdout?.on("data", hear)
    child.stderr?.on("data", hear)
    child.once("exit", (code) => reject(new Error(`the program ended with ${code}:\n${text}`)))
  })

/** As `npm start` has them. */
export const nodeOptions: ReadonlyArray<string> = JSON.parse(
  readFileSync(new URL("../../../scripts/nodeOptions.json", import.meta.url), "utf8")
)

/** `nodeArguments`: more options of Node. `settings`: of the program. `program`: the one put together, or its sources. */
export const startSubject = async (
  home: string,
  nodeArguments: ReadonlyArray<string> = [],
  settings: Readonly<Record<string, string>> = {},
  program: string = programFile
): Promise<Subject> => {
  const from = performance.now()
  const env = { ...environment(home), ...settings }
  const child = spawn(process.execPath, [...nodeOptions, ...nodeArguments, program, "serve", "--demo"], {
    env,
    stdio: ["ignore", "pipe", "pipe"]
  })
  const ended = new Promise<void>((gone) => child.once("exit", () => gone()))
  const { address, inspectAt } = await ready(child)
  const readyMs = performance.now() - from
  const token = printedBy(env, "token", "--ttl", "12h")
  const pid = child.pid ?? 0
  const postmaster = Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n", 1)[0])
  return {
    address: address ?? "",
    token,
    home,
    postmaster,
    readyMs,
    inspectAt,
    cpuMicros: () => ({ program: timeOf(pid), database: timeOfFamily(postmaster) }),
    memoryMib: () => ({ program: memoryOf(pid), database: memoryOfFamily(postmaster) }),
    stop: async (signal) => {
      child.kill(signal)
      await ended
    }
  }
}
