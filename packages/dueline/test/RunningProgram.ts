/** The real program as its users run it: a process of its own with a home of its own, which can be asked, stopped and killed. */
import { bringDatabase } from "@dueline/postgres/testing/MadeDatabase"
import { loadKeyFile } from "@dueline/secrets/KeyFile"
import { programFile } from "@dueline/test-servers/programFile"
import { Effect } from "effect"
import { type ChildProcess, type ChildProcessByStdio, spawn } from "node:child_process"
import { chmod, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Readable } from "node:stream"
import { homeAt } from "../src/Home.ts"
import { runCli } from "./runCli.ts"

export interface RunningProgram {
  readonly address: string
  readonly child: ChildProcess
  /** All that it printed so far, on both outputs. */
  readonly output: () => string
  /** Sends the signal and waits for the end; answers the exit code, or null when the signal itself ended it. */
  readonly stop: (signal: "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP") => Promise<number | null>
}

/** One that the account of the database server can enter too, so that all of it is in there and goes with it. */
export const newHome = async (): Promise<string> => {
  const home = await mkdtemp(join(tmpdir(), "dueline-e2e-"))
  await chmod(home, 0o755)
  return home
}

/** Puts a database that is migrated already into an empty home. One without keys is one whose keys are lost: they come first. */
export const fillHome = (home: string): Promise<unknown> =>
  Effect.runPromise(Effect.andThen(loadKeyFile(homeAt(home).vaultKeys), bringDatabase(home)))

/** One whose database is there already: for tests of anything but what the first start does. */
export const homeWithDatabase = async (): Promise<string> => {
  const home = await newHome()
  await fillHome(home)
  return home
}

export const removeHome = (home: string): Promise<void> => rm(home, { recursive: true, force: true, maxRetries: 5 })

/** Only what a command needs: a test must not pass because of what the developer's shell has set. */
export const environment = (home: string, extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DUELINE_HOME: home,
  PORT: "0",
  LOG_FORMAT: "json",
  DUELINE_EGRESS_ALLOW: "127.0.0.1",
  ...extra
})

/** Resolves once the program says that it is ready; rejects with its output when it ends before that. */
const ready = (child: ChildProcessByStdio<null, Readable, Readable>): Promise<RunningProgram> =>
  new Promise((resolve, reject) => {
    const ended = new Promise<number | null>((end) => child.once("exit", (code) => end(code)))
    let text = ""
    const output = () => text
    const stop: RunningProgram["stop"] = (signal) => {
      child.kill(signal)
      return ended
    }
    const hear = (chunk: Buffer) => {
      text += chunk.toString("utf8")
      const address = /Dueline is ready at (http:\/\/\S+)/u.exec(text)?.[1]
      if (address !== undefined) resolve({ address, child, output, stop })
    }
    child.stdout.on("data", hear)
    child.stderr.on("data", hear)
    void ended.then((code) => reject(new Error(`the program ended with ${code} before it was ready:\n${text}`)))
  })

export const startProgram = (
  home: string,
  extra: Readonly<Record<string, string>> = {},
  args: ReadonlyArray<string> = ["serve", "--demo"]
): Promise<RunningProgram> =>
  ready(
    spawn(process.execPath, [programFile, ...args], {
      env: environment(home, extra),
      stdio: ["ignore", "pipe", "pipe"]
    })
  )

const bootstrap = join(import.meta.dirname, "..", "..", "..", "scripts", "bootstrap.mjs")

/** What `npm start` is, without npm, which would keep the exit code to itself. */
export const npmStart = (home: string): Promise<RunningProgram> =>
  ready(
    spawn(process.execPath, [bootstrap, "start"], {
      env: environment(home),
      stdio: ["ignore", "pipe", "pipe"]
    })
  )

/** Runs one command of the program to its end. */
export const runCommand = (
  home: string,
  args: ReadonlyArray<string>,
  extra: Readonly<Record<string, string>> = {}
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [programFile, ...args], {
      env: environment(home, extra),
      stdio: ["ignore", "pipe", "pipe"]
    })
    let stdout = ""
    let stderr = ""
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString("utf8")))
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString("utf8")))
    child.once("exit", (code) => resolve({ code, stdout, stderr }))
  })

/** What a command prints, without a process of its own for it, which takes most of a second. */
export const printed = async (
  home: string,
  args: ReadonlyArray<string>,
  extra: Readonly<Record<string, string>> = {}
): Promise<string> => {
  const { exitCode, stderr, stdout } = await Effect.runPromise(runCli(args, { env: { DUELINE_HOME: home, ...extra } }))
  if (exitCode !== 0) throw new Error(stderr)
  return stdout.trim()
}
