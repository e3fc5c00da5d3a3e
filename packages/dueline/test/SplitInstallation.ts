/** An installation taken apart: a database and a NATS server of its own, and the program's roles as processes around them. */
import { startNats } from "@dueline/test-servers/startNats"
import { startPostgres } from "@dueline/test-servers/startPostgres"
import { temporaryDirectory } from "@dueline/test-servers/sharedServers"
import { newHome, printed, removeHome, runCommand, type RunningProgram, startProgram } from "./RunningProgram.ts"

export interface SplitInstallation {
  readonly home: string
  readonly nats: Awaited<ReturnType<typeof startNats>>
  readonly natsDirectory: string
  readonly postgres: Awaited<ReturnType<typeof startPostgres>>
  readonly env: Readonly<Record<string, string>>
  /** One process with these roles. */
  readonly start: (roles: string, extra?: Readonly<Record<string, string>>) => Promise<RunningProgram>
  readonly command: (
    ...args: ReadonlyArray<string>
  ) => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>
  /** What all of its processes have printed, also those that are gone. */
  readonly output: () => string
  readonly close: () => Promise<void>
}

export const newInstallation = async (): Promise<SplitInstallation> => {
  const home = await newHome()
  const natsDirectory = await temporaryDirectory()
  const [nats, postgres] = await Promise.all([
    startNats({ directory: natsDirectory }),
    startPostgres({ directory: await temporaryDirectory(), durable: false })
  ])
  const env = { DUELINE_DATABASE_URL: postgres.url, DUELINE_NATS_URL: nats.url }
  const programs: Array<RunningProgram> = []
  const command: SplitInstallation["command"] = (...args) => runCommand(home, args, env)
  // As the command does it, which also tells home and database of each other: any role may be the first.
  await printed(home, ["migrate"], env)
  return {
    home,
    nats,
    natsDirectory,
    postgres,
    env,
    command,
    start: async (roles, extra = {}) => {
      const program = await startProgram(home, { ...env, ...extra }, ["serve", "--role", roles])
      programs.push(program)
      return program
    },
    output: () => programs.map((program) => program.output()).join("\n"),
    close: async () => {
      await Promise.all(programs.map((program) => program.stop("SIGKILL")))
      await Promise.all([nats.stop(), postgres.stop()])
      await removeHome(home)
    }
  }
}

/** Asks until it holds; the test's own limit ends it otherwise. */
export const eventually = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await new Promise((again) => setTimeout(again, 100))
}
