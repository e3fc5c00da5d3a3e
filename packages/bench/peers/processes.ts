/** Starts and ends the processes of a run: servers, workers, load generators. Each has a log, and is ended with the run. */
import { type ChildProcess, fork, spawn } from "node:child_process"
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { endedAlready, endWithParent, removeWithParent } from "../../test-servers/src/ServerProcess.ts"
import { hold, mayBegin } from "./held.ts"

/** One that the account of a database server can enter too; removed with all that is in it when it is released. */
export const newDirectory = (): string => {
  mayBegin()
  const path = mkdtempSync(join(tmpdir(), "dueline-peers-"))
  chmodSync(path, 0o755)
  removeWithParent(path)
  hold(async () => rmSync(path, { recursive: true, force: true, maxRetries: 10 }))
  return path
}

/** On loopback, free a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

export const isAlive = (pid: number): boolean => {
  try {
    return /^\d+ \(.*\) [^ZX]/su.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** Sends the signals one after the other, each with five seconds to take effect. */
export const endPid = async (pid: number, signals: ReadonlyArray<NodeJS.Signals>): Promise<void> => {
  for (const signal of signals) {
    if (!isAlive(pid)) return
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    for (let waited = 0; waited < 5_000 && isAlive(pid); waited += 5) await pause(5)
  }
}

export interface Held {
  readonly child: ChildProcess
  readonly pid: number
  /** File with everything it wrote. */
  readonly log: string
  /** The last lines it wrote. */
  readonly lastWords: () => string
  /** kill -9. */
  readonly kill: () => Promise<void>
}

export interface Start {
  readonly directory: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
  readonly cwd?: string
  /** How it is ended when it is released; SIGKILL unless given. */
  readonly signals?: ReadonlyArray<NodeJS.Signals>
}

let logs = 0

const keep = (name: string, log: string, { signals = ["SIGKILL"] }: Start, child: ChildProcess): Held => {
  const lastWords = () => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n").slice(-12).join("\n") : "")
  child.on("error", () => undefined)
  if (child.pid === undefined) throw new Error(`${name} could not be started`)
  const pid = child.pid
  endWithParent(pid)
  child.once("exit", () => endedAlready(pid))
  const release = hold(() => endPid(pid, signals))
  return {
    child,
    pid,
    log,
    lastWords: () => `${name} (process ${pid}) said last:\n${lastWords()}`,
    kill: async () => {
      await endPid(pid, ["SIGKILL"])
      await release()
    }
  }
}

// Groups of their own: the terminal's interrupt reaches the bench alone, which then ends everything in order.
const options = ({ cwd, directory, env, gid, uid }: Start, log: number) => ({
  cwd: cwd ?? directory,
  detached: true,
  env: { PATH: process.env["PATH"], HOME: process.env["HOME"], TZ: "UTC", LC_ALL: "C.UTF-8", ...env },
  ...(uid === undefined || gid === undefined ? {} : { uid, gid }),
  log
})

const withLog = (name: string, start: Start, begin: (log: number) => ChildProcess): Held => {
  mayBegin()
  const file = join(start.directory, `${++logs}-${basename(name)}.log`)
  const log = openSync(file, "a", 0o644)
  try {
    return keep(basename(name), file, start, begin(log))
  } finally {
    closeSync(log)
  }
}

export const startProgram = (file: string, args: ReadonlyArray<string>, start: Start): Held =>
  withLog(file, start, (log) => spawn(file, args, { ...options(start, log), stdio: ["ignore", log, log] }))

/** A module of this folder in a Node of its own; resolves when it has sent `ready`. It must end itself on `disconnect`. */
export const startModule = async (module: string, args: ReadonlyArray<string>, start: Start): Promise<Held> => {
  const held = withLog(`${basename(module)}-${args[0] ?? ""}`, start, (log) =>
    fork(module, args, { ...options(start, log), serialization: "advanced", stdio: ["ignore", log, log, "ipc"] })
  )
  await new Promise<void>((resolve, reject) => {
    const ended = () => reject(new Error(`it ended before it was ready; ${held.lastWords()}`))
    held.child.once("exit", ended)
    held.child.once("message", () => {
      held.child.removeListener("exit", ended)
      resolve()
    })
  })
  return held
}

/** Polls until `done` says so; throws after `limitMs` with what `otherwise` has to say. */
export const until = async (done: () => boolean | Promise<boolean>, limitMs: number, otherwise: () => string) => {
  for (const from = performance.now(); performance.now() - from < limitMs; await pause(10)) {
    if (await done()) return
  }
  throw new Error(otherwise())
}
