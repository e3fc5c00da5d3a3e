/** Dueline's processes: how one is started, found ready, and asked for a token. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"
import { programFile } from "../../../test-servers/src/programFile.ts"
import { type Held, startProgram, until } from "../processes.ts"

/**
 * `PEERS_DUELINE` names the program of another checkout (its `main.ts`, or what it was put together to), to measure an earlier version
 * by the same bench.
 */
export const main = process.env["PEERS_DUELINE"] ?? programFile

export interface Place {
  readonly home: string
  readonly directory: string
  /** Settings beside the ones every process gets. */
  readonly env?: NodeJS.ProcessEnv
}

const environment = ({ env, home }: Place): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  DUELINE_HOME: home,
  PORT: "0",
  DUELINE_EGRESS_ALLOW: "127.0.0.1",
  LOG_LEVEL: "warn",
  ...env
})

export const serve = (args: ReadonlyArray<string>, place: Place): Held =>
  startProgram(process.execPath, [main, "serve", ...args], { directory: place.directory, env: environment(place) })

/** Resolves with what `pattern` finds in what the process wrote. */
export const said = async (held: Held, pattern: RegExp): Promise<RegExpExecArray> => {
  const found = () => pattern.exec(readFileSync(held.log, "utf8"))
  await until(
    () => {
      if (held.child.exitCode !== null) throw new Error(`it ended with ${held.child.exitCode}; ${held.lastWords()}`)
      return found() !== null
    },
    60_000,
    held.lastWords
  )
  return found() as RegExpExecArray
}

export const mintToken = async (place: Place): Promise<string> => {
  const { stdout } = await promisify(execFile)(process.execPath, [main, "token", "--ttl", "12h"], {
    env: environment(place)
  })
  return stdout.trim()
}

/** Whether `serve` can be told which roles to run. */
export const knowsRoles = async (): Promise<boolean> => {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, "serve", "--help"])
    return /--roles?\b/u.test(stdout)
  } catch {
    return false
  }
}
