/** One process of the real program. What it prints goes to a file; how it ends is told once. */
import { endedAlready, endWithParent } from "@dueline/test-servers/ServerProcess"
import { type ChildProcess, spawn } from "node:child_process"
import { createWriteStream } from "node:fs"
import { forgetClockOf } from "./WallClock.ts"

export interface Ending {
  /** Null when a signal ended it. */
  readonly code: number | null
  /** The last lines that it printed. */
  readonly words: string
}

export interface ProgramProcess {
  readonly pid: number
  readonly address: string
  readonly ended: Promise<Ending>
  /** Its port may be somebody else's from then on. */
  readonly isOver: () => boolean
  readonly signal: (signal: NodeJS.Signals) => void
}

export interface ProgramStart {
  /** The program's `main.ts`, or the file it was put together to. */
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env: NodeJS.ProcessEnv
  readonly log: string
}

const keptWords = 2_000

/** Goes with this process, also when that is killed. */
const spawnProgram = ({ args, env, log, program }: ProgramStart, hear: (text: string) => void): ChildProcess => {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ["ignore", "pipe", "pipe"] })
  const file = createWriteStream(log, { flags: "a" })
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      file.write(text)
      hear(text)
    })
  }
  const { pid } = child
  if (pid !== undefined) {
    endWithParent(pid)
    child.once("exit", () => {
      endedAlready(pid)
      forgetClockOf(pid)
    })
  }
  child.once("close", () => file.end())
  return child
}

/** It ended before it was of any use; `message` is what it said. */
export class NotStarted extends Error {
  override readonly name = "NotStarted"
}

/** Resolves once it says that it is ready; rejects with `NotStarted` when it ends before that. */
export const startProcess = (
  start: ProgramStart,
  born: (pid: number) => void = () => undefined
): Promise<ProgramProcess> =>
  new Promise((resolve, reject) => {
    let words = ""
    const child = spawnProgram(start, (text) => {
      words = (words + text).slice(-keptWords)
      const address = /Dueline is ready at (http:\/\/\S+)/u.exec(words)?.[1]
      if (address !== undefined)
        resolve({
          pid: child.pid ?? 0,
          address,
          ended,
          isOver: () => child.exitCode !== null || child.signalCode !== null,
          signal: (signal) => child.kill(signal)
        })
    })
    if (child.pid !== undefined) born(child.pid)
    const ended = new Promise<Ending>((end) => child.once("close", (code) => end({ code, words })))
    child.once("error", reject)
    void ended.then(({ code }) => reject(new NotStarted(`ended with ${code} before it was ready: ${words.trim()}`)))
  })

/** Runs one command of the program to its end. */
export const runCommand = (start: ProgramStart): Promise<{ readonly code: number | null; readonly output: string }> =>
  new Promise((resolve) => {
    let output = ""
    const child = spawnProgram(start, (text) => (output += text))
    child.once("close", (code) => resolve({ code, output: output.trim() }))
  })
