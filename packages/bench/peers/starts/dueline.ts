/** Dueline as its users start it: one program with its own database in its own home. */
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { endedAlready, endWithParent } from "../../../test-servers/src/ServerProcess.ts"
import { timeOf, timeOfFamily } from "../../src/ProcessTime.ts"
import { hold } from "../held.ts"
import { endPid, newDirectory } from "../processes.ts"
import type { Running } from "../System.ts"
import { mintToken, said, serve } from "./duelineProgram.ts"
import { startGenerator } from "./generator.ts"

const postmaster = (home: string): number =>
  Number(readFileSync(join(home, "postgres", "data", "postmaster.pid"), "utf8").split("\n", 1)[0])

/** `system` names the producer: how its users submit. */
export const startDueline = async (system: string, concurrency: number): Promise<Running> => {
  const directory = newDirectory()
  const home = join(directory, "home")
  mkdirSync(home)
  const place = { home, directory }
  const begin = async () => {
    const program = serve(["--demo"], place)
    const address = (await said(program, /ready at (http:\/\/\S+)/u))[1] ?? ""
    return { program, address }
  }
  // The server outlives a killed program: it is ended by its own pid, whatever became of the program.
  hold(async () => {
    const pid = postmaster(home)
    await endPid(pid, ["SIGQUIT", "SIGKILL"])
    endedAlready(pid)
  })
  let { address, program } = await begin()
  endWithParent(postmaster(home))
  const connection = { address, token: await mintToken(place) }
  const load = await startGenerator(system, connection, concurrency, directory)
  return {
    submit: load.submit,
    cpuMicros: () => ({
      client: load.cpuMicros(),
      program: timeOf(program.pid),
      store: timeOfFamily(postmaster(home))
    }),
    killWorker: () => program.kill(),
    replaceWorker: async () => void ({ address, program } = await begin()),
    lastWords: () => [program.lastWords(), load.held.lastWords()].join("\n")
  }
}
