/**
 * Starts one server process, waits until it answers, and stops it. It waits on the machine's own timers: a real process lives in real
 * time, whatever clock a test was given.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, existsSync, openSync, readFileSync, renameSync } from "node:fs"
import { connect, createServer } from "node:net"
import type { Writable } from "node:stream"
import { setTimeout as wait } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import type { ServerAccount } from "./ServerAccount.ts"
import { plainEnvironment, type ServerBinary } from "./ServerBinary.ts"

// Ties servers and their directories to the life of this process: a shell at the other end of a pipe sees when it is over.

let pipe: Writable | undefined

/** Started with the first server. In a session of its own: the terminal's interrupt is for the program, which stops its servers itself. */
const openPipe = (): Writable => {
  const script = fileURLToPath(new URL("endWithParent.sh", import.meta.url))
  const shell = spawn("/bin/sh", [script], { detached: true, stdio: ["pipe", "ignore", "ignore"], cwd: "/" })
  shell.on("error", () => undefined)
  shell.unref()
  // When the shell is killed, servers are stopped only by the process that started them.
  shell.stdin.on("error", () => undefined)
  if ("unref" in shell.stdin && typeof shell.stdin.unref === "function") shell.stdin.unref()
  return shell.stdin
}

const tell = (line: string): void => {
  pipe ??= openPipe()
  pipe.write(`${line}\n`)
}

export const endWithParent = (pid: number): void => tell(`watch ${pid}`)

/** Its number may soon be another process's. */
export const endedAlready = (pid: number): void => tell(`forget ${pid}`)

export const removeWithParent = (directory: string): void => tell(`remove ${directory}`)

export interface RunningServer {
  /** As a client takes it; may hold a password. */
  readonly url: string
  readonly port: number
  /** The server itself: a test may kill or pause it. */
  readonly pid: number
  /** Gracefully; the hard way after ten seconds. Resolves when the process is gone, at once when it is gone already. */
  readonly stop: () => Promise<void>
  /** `kill -9`. Resolves when the process is gone. */
  readonly kill: () => Promise<void>
}

interface Launch {
  readonly name: string
  readonly binary: ServerBinary
  readonly args: ReadonlyArray<string>
  /** Exists, and is where the process stands and its log is. */
  readonly directory: string
  readonly account?: ServerAccount | undefined
  /** Signals that ask it to stop, the friendliest first. */
  readonly stopSignals: ReadonlyArray<NodeJS.Signals>
  /** Whether it answers; asked again and again. */
  readonly answers: (pid: number) => Promise<boolean>
}

/** The server ended, or did not answer, before it was of any use. `words` is what it wrote last. */
export class ServerFailed extends Error {
  override readonly name = "ServerFailed"
  readonly words: string

  constructor(server: string, words: string) {
    super(`${server} did not start: ${words === "" ? "it wrote nothing" : words}`)
    this.words = words
  }
}

const stepMs = 10
/** A broker with a large store opens its port only when it has read it. */
const startLimitMs = 60_000
const patienceMs = 5_000

export const launch = async (options: Launch): Promise<Omit<RunningServer, "url" | "port">> => {
  const { account, args, binary, directory, name } = options
  const log = `${directory}/server.log`
  if (existsSync(log)) renameSync(log, `${log}.1`)
  const output = openSync(log, "a", 0o640)
  const child = spawn(binary.path, args, {
    ...account,
    cwd: directory,
    env: { ...plainEnvironment, ...binary.environment },
    // A session of its own: Ctrl-C is for the program, which stops its servers when it has no more use for them.
    detached: true,
    stdio: ["ignore", output, output]
  })
  closeSync(output)
  child.unref()
  const ended = endOf(child)
  const { pid } = child
  if (pid === undefined) throw new ServerFailed(name, String(await ended))
  endWithParent(pid)
  void ended.then(() => endedAlready(pid))
  const server = { pid, stop: () => stop(child, ended, options.stopSignals), kill: () => kill(child, ended) }
  for (let waited = 0; !(await options.answers(pid)); waited += stepMs) {
    if (isOver(child) || waited >= startLimitMs) {
      await server.kill()
      throw new ServerFailed(name, lastWords(log))
    }
    await wait(stepMs)
  }
  return server
}

const isOver = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

const endOf = (child: ChildProcess): Promise<Error | undefined> =>
  new Promise((resolve) => {
    child.once("exit", () => resolve(undefined))
    child.once("error", (error) => resolve(error))
  })

/** Waiting for the end keeps this process alive, which a running server does not. */
const endsWithin = async (ended: Promise<unknown>, limitMs: number): Promise<boolean> => {
  const giveUp = new AbortController()
  const over = ended.then(() => true)
  const late = wait(limitMs, false, { signal: giveUp.signal }).catch(() => false)
  return Promise.race([over, late]).finally(() => giveUp.abort())
}

const stop = async (child: ChildProcess, ended: Promise<unknown>, signals: ReadonlyArray<NodeJS.Signals>) => {
  for (const signal of signals) {
    if (isOver(child)) return
    child.kill(signal)
    if (await endsWithin(ended, patienceMs)) return
  }
  await kill(child, ended)
}

const kill = async (child: ChildProcess, ended: Promise<unknown>): Promise<void> => {
  if (isOver(child)) return
  child.kill("SIGKILL")
  await endsWithin(ended, patienceMs)
}

const lastWords = (log: string): string => readFileSync(log, "utf8").trimEnd().split("\n").slice(-5).join(" | ")

// Ports on loopback: finding a free one, and asking whether a server answers on one.

const portAttempts = 5

export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })

/** On `port`, or on a free one; another process may take it before the server opens it; then another one is tried, five times at the most. */
export const onPort = async <A>(port: number | undefined, start: (port: number) => Promise<A>): Promise<A> => {
  if (port !== undefined) return start(port)
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort())
    } catch (cause) {
      const lost = cause instanceof ServerFailed && /in use/i.test(cause.words)
      if (!lost || attempt >= portAttempts) throw cause
    }
  }
}

/** Connects, says `greeting`, and tells whether the answer holds what is expected before a fifth of a second has passed. */
export const answers = (port: number, greeting: string, expected: RegExp): Promise<boolean> =>
  new Promise((resolve) => {
    let received = ""
    const socket = connect({ host: "127.0.0.1", port })
    const end = (answered: boolean) => {
      socket.destroy()
      resolve(answered)
    }
    socket.setTimeout(200, () => end(false))
    socket.once("error", () => end(false))
    socket.once("close", () => resolve(false))
    socket.once("connect", () => socket.write(greeting))
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1")
      if (expected.test(received)) end(true)
    })
  })
